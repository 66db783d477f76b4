// Knows: how an instrument is described in one row.
// Must not know: any instrument, which meter is used.
import {
  type Counter,
  createNoopMeter,
  type Histogram,
  type Meter,
  type ObservableGauge,
  type ObservableUpDownCounter,
  type UpDownCounter,
} from '@opentelemetry/api';

/**
 * In seconds. Redis answers in fractions of a millisecond; the boundaries of the semantic conventions begin at one.
 */
export const DURATION_BUCKETS = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

interface Row<I> {
  readonly name: string;
  make(meter: Meter): I;
}

/** The instruments of one recorder. */
export type Rows = Readonly<Record<string, Row<object>>>;

/** These rows, made with a meter. */
export type Made<R extends Rows> = { readonly [Name in keyof R]: ReturnType<R[Name]['make']> };

/** @param omitted names of metrics that are not recorded: their instruments do nothing */
export function makeAll<R extends Rows>(rows: R, meter: Meter, omitted: ReadonlySet<string>): Made<R> {
  const makeOne = (row: Row<object>) => row.make(omitted.has(row.name) ? NOOP : meter);
  return Object.fromEntries(Object.entries(rows).map(([key, row]) => [key, makeOne(row)])) as Made<R>;
}

const NOOP = createNoopMeter();

export function counter(name: string, unit: string, description: string): Row<Counter> {
  return { name, make: (meter) => meter.createCounter(name, { unit, description }) };
}

export function upDownCounter(name: string, unit: string, description: string): Row<UpDownCounter> {
  return { name, make: (meter) => meter.createUpDownCounter(name, { unit, description }) };
}

export function histogram(name: string, unit: string, buckets: number[], description: string): Row<Histogram> {
  const options = { unit, description, advice: { explicitBucketBoundaries: buckets } };
  return { name, make: (meter) => meter.createHistogram(name, options) };
}

/** Observed ones are read when metrics are collected. */
export function observedUpDownCounter(name: string, unit: string, description: string): Row<ObservableUpDownCounter> {
  return { name, make: (meter) => meter.createObservableUpDownCounter(name, { unit, description }) };
}

export function observedGauge(name: string, unit: string, description: string): Row<ObservableGauge> {
  return { name, make: (meter) => meter.createObservableGauge(name, { unit, description }) };
}
