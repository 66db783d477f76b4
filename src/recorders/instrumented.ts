// Knows: that instruments belong to one meter, and that observables have to move when another meter comes.
// Must not know: any instrument.
import type { BatchObservableCallback, Meter, Observable } from '@opentelemetry/api';
import type { Report } from '../core/recorder';

/** A set of instruments, and how its observables are read. */
interface Kind<I> {
  make(meter: Meter): I;
  /** The instruments that are read when metrics are collected. */
  observables(instruments: I): Observable[];
  readonly observe: BatchObservableCallback;
  /** Called when the meter changes. */
  moved(): void;
}

/** The instruments of the current meter. */
export class Instrumented<I> {
  private meter: Meter | undefined;
  private held: I | undefined;

  /** @param source the current meter; undefined: no provider is registered */
  constructor(
    private readonly source: () => Meter | undefined,
    private readonly kind: Kind<I>,
    private readonly report: Report,
  ) {}

  /** undefined: no provider is registered. */
  get current(): I | undefined {
    return this.held;
  }

  /** Moves the instruments to the current meter. A meter is foreign code: an error must not reach the application. */
  refresh(): void {
    try {
      const meter = this.source();
      if (meter !== this.meter) this.move(meter);
    } catch (error) {
      this.report('a meter could not be used', error);
    }
  }

  private move(meter: Meter | undefined): void {
    const { kind, meter: left, held } = this;
    this.meter = meter;
    this.held = undefined;
    const before = held === undefined ? [] : kind.observables(held);
    if (before.length > 0) left?.removeBatchObservableCallback(kind.observe, before);
    kind.moved();
    if (meter === undefined) return;
    const instruments = kind.make(meter);
    const observables = kind.observables(instruments);
    if (observables.length > 0) meter.addBatchObservableCallback(kind.observe, observables);
    this.held = instruments;
  }
}
