// Knows: that calls are counted that clients send again.
// Must not know: clients, redis versions, spans.
import type { Batch, ClientFacts, Command } from '../core/events';
import type { OperationMetrics } from '../core/recorder';
import type { Redirection, Resends } from '../core/resends';
import * as semconv from '../core/semconv';
import { addServer } from './attributes';
import { counter, type Made } from './instruments';
import type { Instrumented, Meters } from './meters';

const INSTRUMENTS = {
  retries: counter(
    semconv.METRIC_REDIS_RETRIES,
    '{attempt}',
    'Attempts to send a call again, after a redirection of a cluster or a lost connection.',
  ),
};

const REASONS: readonly (Redirection | undefined)[] = ['MOVED', 'ASK', undefined];

/** Counts attempts after the first, by the redirection that caused them. */
export class RetryMetrics implements OperationMetrics {
  private readonly instrumented: Instrumented<Made<typeof INSTRUMENTS>>;

  constructor(meters: Meters) {
    this.instrumented = meters.hold(INSTRUMENTS);
  }

  command({ resends, client }: Command): void {
    if (resends !== undefined) this.count(resends, client.facts);
  }

  batch({ resends, client }: Batch): void {
    if (resends !== undefined) this.count(resends, client.facts);
  }

  private count(resends: Resends, facts: ClientFacts): void {
    for (const redirection of REASONS) {
      const count = resends.countOf(redirection);
      if (count === 0) continue;
      const attributes = redirection === undefined ? {} : { [semconv.ATTR_REDIS_REDIRECTION_KIND]: redirection };
      addServer(attributes, facts);
      this.instrumented.current?.retries.add(count, attributes);
    }
  }
}
