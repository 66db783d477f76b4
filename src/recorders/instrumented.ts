// Knows: that instruments belong to one meter, and that what is observed has to move when another one comes.
// Must not know: any instrument.
import type { BatchObservableCallback, Meter, Observable } from '@opentelemetry/api';
import type { Report } from '../core/recorder';

/** A set of instruments, and how what some of them show is read. */
interface Kind<I> {
  make(meter: Meter): I;
  /** Those that are read when metrics are collected. */
  observables(instruments: I): Observable[];
  readonly observe: BatchObservableCallback;
  /** Whoever listens from now on is somebody else. */
  moved(): void;
}

/** The instruments of the meter of the moment. */
export class Instrumented<I> {
  private meter: Meter | undefined;
  private held: I | undefined;

  /** @param source the meter of whoever listens now; undefined while nobody does */
  constructor(
    private readonly source: () => Meter | undefined,
    private readonly kind: Kind<I>,
    private readonly report: Report,
  ) {}

  /** undefined while nobody listens. */
  get current(): I | undefined {
    return this.held;
  }

  /** Follows the meter. It is another's: what it throws must not reach the application that made us look. */
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
    if (held !== undefined) left?.removeBatchObservableCallback(kind.observe, kind.observables(held));
    kind.moved();
    if (meter === undefined) return;
    const instruments = kind.make(meter);
    meter.addBatchObservableCallback(kind.observe, kind.observables(instruments));
    this.held = instruments;
  }
}
