// Knows: values of key families that wait for the names of their families, which are decided when metrics are
// collected.
// Must not know: what the values are, how a family gets its name.
import type { Attributes, Counter, Histogram } from '@opentelemetry/api';
import type { KeyFamily } from '../core/facts';
import * as semconv from '../core/semconv';

/** If nobody collects, values get the names of now. */
const MAX_WAITING = 2_000;

interface Waiting {
  readonly instrument: Histogram | Counter;
  readonly value: number;
  readonly family: KeyFamily | undefined;
  /** Without the family. */
  readonly attributes: Attributes;
}

const NONE: Attributes = {};

/** Gives a key one name in all metrics: counts get the names of the moment at which they are collected, too. */
export class NamedValues {
  private waiting: Waiting[] = [];

  add(instrument: Histogram | Counter, value: number, family: KeyFamily | undefined, attributes = NONE): void {
    this.waiting.push({ instrument, value, family, attributes });
    if (this.waiting.length >= MAX_WAITING) this.record();
  }

  /** Records what has waited. Call it when families have been named, or another meter counts from now on. */
  record(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const { instrument, value, family, attributes } of waiting) {
      const named = withFamily(attributes, family?.name);
      if ('record' in instrument) instrument.record(value, named);
      else instrument.add(value, named);
    }
  }
}

export function withFamily(attributes: Attributes, family: string | undefined): Attributes {
  return family === undefined ? attributes : { ...attributes, [semconv.ATTR_REDIS_KEY_FAMILY]: family };
}
