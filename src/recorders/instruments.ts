// Knows: how an instrument is described in one row.
// Must not know: any instrument, which meter is used.
import type {
  Counter,
  Histogram,
  Meter,
  ObservableCounter,
  ObservableGauge,
  ObservableUpDownCounter,
  UpDownCounter,
} from '@opentelemetry/api';

type Row<I> = (meter: Meter) => I;

/** The instruments of one recorder. */
export type Rows = Readonly<Record<string, Row<object>>>;

/** These rows, made with a meter. */
export type Made<R extends Rows> = { readonly [Name in keyof R]: ReturnType<R[Name]> };

export function makeAll<R extends Rows>(rows: R, meter: Meter): Made<R> {
  return Object.fromEntries(Object.entries(rows).map(([name, make]) => [name, make(meter)])) as Made<R>;
}

export function counter(name: string, unit: string, description: string): Row<Counter> {
  return (meter) => meter.createCounter(name, { unit, description });
}

export function upDownCounter(name: string, unit: string, description: string): Row<UpDownCounter> {
  return (meter) => meter.createUpDownCounter(name, { unit, description });
}

export function histogram(
  name: string,
  unit: string,
  explicitBucketBoundaries: number[],
  description: string,
): Row<Histogram> {
  return (meter) => meter.createHistogram(name, { unit, description, advice: { explicitBucketBoundaries } });
}

/** Observed ones are read when metrics are collected. */
export function observedCounter(name: string, unit: string, description: string): Row<ObservableCounter> {
  return (meter) => meter.createObservableCounter(name, { unit, description });
}

export function observedUpDownCounter(name: string, unit: string, description: string): Row<ObservableUpDownCounter> {
  return (meter) => meter.createObservableUpDownCounter(name, { unit, description });
}

export function observedGauge(name: string, unit: string, description: string): Row<ObservableGauge> {
  return (meter) => meter.createObservableGauge(name, { unit, description });
}
