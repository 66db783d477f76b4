// Knows: that calls are counted that clients send again.
// Must not know: clients, redis versions, spans.
import type { Counter, Meter } from '@opentelemetry/api';
import type { Batch, ClientFacts, Command } from '../core/events';
import type { OperationMetrics } from '../core/recorder';
import type { Redirection, Resends } from '../core/resends';
import * as semconv from '../core/semconv';
import { addServer } from './attributes';
import type { Instrumented, Meters } from './meters';

const REASONS: readonly (Redirection | undefined)[] = ['MOVED', 'ASK', undefined];

/** Counts attempts after the first, by the redirection that caused them. */
export class RetryMetrics implements OperationMetrics {
  private readonly counter: Instrumented<Counter>;

  constructor(meters: Meters) {
    this.counter = meters.hold({ make: counterOf });
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
      this.counter.current?.add(count, attributes);
    }
  }
}

function counterOf(meter: Meter): Counter {
  return meter.createCounter(semconv.METRIC_REDIS_RETRIES, {
    description: 'Attempts to send a call again, after a redirection of a cluster or a lost connection.',
    unit: '{attempt}',
  });
}
