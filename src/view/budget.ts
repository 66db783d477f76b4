// Knows: the limits of a run, as written for CI, and whether the run kept to them.
// Must not know: the consequences.
import type { Overview } from './overview/overview';

/** Checks one limit: `hit-ratio<0.8` is broken by a ratio below 0.8, and not by one that was not measured. */
export type Budget = (overview: Overview) => {
  readonly budget: string;
  readonly measured: number | undefined;
  readonly broken: boolean;
};

/** The quantities that can be limited, by name. */
const MEASURES: Readonly<Record<string, (overview: Overview) => number | undefined>> = {
  'hit-ratio': ({ totals }) => totals.hitRatio,
  calls: ({ totals }) => totals.calls,
  errors: ({ totals }) => totals.errors,
  'p50-ms': ({ totals }) => totals.latency?.p50,
  'p95-ms': ({ totals }) => totals.latency?.p95,
  'p99-ms': ({ totals }) => totals.latency?.p99,
  stampedes: ({ totals }) => totals.stampedes,
  'repeated-calls': ({ repeated }) => repeated.reduce((most, { count }) => Math.max(most, count), 0),
  'lost-locks': ({ locks }) => locks.reduce((sum, { lost }) => sum + lost, 0),
};

/** @throws {Error} with a message that says what was expected */
export function readBudgets(text: string): Budget[] {
  return text.split(',').map((part) => readBudget(part.trim()));
}

function readBudget(text: string): Budget {
  const [, name = '', sign, limit = ''] = /^([a-z\d-]+)\s*([<>])\s*(\d+(?:\.\d+)?)$/.exec(text) ?? [];
  const measure = Object.hasOwn(MEASURES, name) ? MEASURES[name] : undefined;
  if (measure === undefined) {
    throw new Error(
      `${JSON.stringify(text)} is no budget. One of ${Object.keys(MEASURES).join(', ')}, then < or >, then a number`,
    );
  }
  return (overview) => {
    const measured = measure(overview);
    const broken = measured !== undefined && (sign === '<' ? measured < Number(limit) : measured > Number(limit));
    return { budget: text, measured, broken };
  };
}
