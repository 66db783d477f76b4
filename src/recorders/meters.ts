// Knows: that instruments belong to one meter, which may come late, be replaced or go.
// Must not know: any instrument.
import type { BatchObservableResult, Meter, Observable } from '@opentelemetry/api';
import type { Report } from '../core/recorder';
import { type Made, makeAll, type Rows } from './instruments';

/** What a recorder has to do with its instruments. */
interface Use<I> {
  /** Called when metrics are collected, to observe what there is now, and to add what was counted since. */
  observe?(result: BatchObservableResult, instruments: I): void;
  /** Called when the meter changes: a new one counts from zero. */
  moved?(): void;
  /** Whether the user wants these metrics at present; default true. */
  isWanted?(): boolean;
}

/** The instruments of one recorder that belong to the current meter. */
export interface Instrumented<I> {
  /** undefined: no provider is registered, or nobody wants these metrics. */
  readonly current: I | undefined;
}

/** Moves the instruments of all recorders to the current meter, and reads them in one go. */
export class Meters {
  private meter: Meter | undefined;
  private readonly held: Held<Rows>[] = [];
  private observables: Observable[] = [];
  private omitted: ReadonlySet<string> = new Set();

  /** @param source the current meter; undefined: no provider is registered */
  constructor(
    private readonly source: () => Meter | undefined,
    private readonly report: Report,
  ) {}

  hold<R extends Rows>(rows: R, use: Use<Made<R>> = {}): Instrumented<Made<R>> {
    const held = new Held(rows, use);
    this.held.push(held as unknown as Held<Rows>);
    return held;
  }

  /** Whether there is a meter now. A meter is foreign code: an error must not reach the application. */
  refresh(): boolean {
    try {
      const meter = this.source();
      if (meter !== this.meter) this.move(meter);
      return meter !== undefined;
    } catch (error) {
      this.report('a meter could not be used', error);
      return false;
    }
  }

  /** The user may want other metrics from now on. */
  reconfigure(): void {
    if (this.refresh()) this.move(this.meter);
  }

  /** From now on these metrics are not recorded: somebody else does. */
  omit(names: ReadonlySet<string>): void {
    this.omitted = names;
    this.reconfigure();
  }

  private move(meter: Meter | undefined): void {
    if (this.observables.length > 0) this.meter?.removeBatchObservableCallback(this.observe, this.observables);
    this.meter = meter;
    this.observables = [];
    for (const held of this.held) this.guarded(() => held.follow(meter, this.omitted));
    if (meter === undefined) return;
    this.observables = this.held.flatMap((held) => held.observables());
    if (this.observables.length > 0) meter.addBatchObservableCallback(this.observe, this.observables);
  }

  private readonly observe = (result: BatchObservableResult): void => {
    for (const held of this.held) this.guarded(() => held.observe(result));
  };

  private guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.report('a meter could not be used', error);
    }
  }
}

class Held<R extends Rows> implements Instrumented<Made<R>> {
  current: Made<R> | undefined;
  private meter: Meter | undefined;
  private omitted: ReadonlySet<string> | undefined;

  constructor(
    private readonly rows: R,
    private readonly use: Use<Made<R>>,
  ) {}

  follow(offered: Meter | undefined, omitted: ReadonlySet<string>): void {
    const meter = this.use.isWanted?.() === false ? undefined : offered;
    if (meter === this.meter && omitted === this.omitted) return;
    this.current = undefined;
    if (meter !== this.meter) this.use.moved?.();
    this.meter = meter;
    this.omitted = omitted;
    if (meter !== undefined) this.current = makeAll(this.rows, meter, omitted);
  }

  observables(): Observable[] {
    return this.use.observe === undefined ? [] : Object.values(this.current ?? {}).filter(isObservable);
  }

  observe(result: BatchObservableResult): void {
    if (this.current !== undefined) this.use.observe?.(result, this.current);
  }
}

function isObservable(instrument: unknown): instrument is Observable {
  return typeof instrument === 'object' && instrument !== null && 'addCallback' in instrument;
}
