// Knows: which metrics say how large replies are.
// Must not know: clients, redis versions, spans.
import type { Attributes } from '@opentelemetry/api';
import { keyIndexOf, lookup } from '../catalog';
import type { Command, Outcome } from '../core/events';
import type { Facts, Insights } from '../core/facts';
import type { OperationMetrics } from '../core/recorder';
import * as semconv from '../core/semconv';
import { rowsOf } from '../insights/rows';
import { counter, histogram, type Made } from './instruments';
import type { Instrumented, Meters } from './meters';
import { NamedValues } from './named-values';

/** As the conventions advise. */
const ROW_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];

/** From here on a collection or a text is large: milliseconds of Redis's one thread, and of this process's. */
const LARGE_ROWS = 10_000;
const LARGE_BYTES = 1_048_576;

const INSTRUMENTS = {
  rows: histogram(
    semconv.METRIC_DB_CLIENT_RESPONSE_RETURNED_ROWS,
    '{row}',
    ROW_BUCKETS,
    'Elements of the collections that Redis answered.',
  ),
  large: counter(semconv.METRIC_REDIS_LARGE_REPLIES, '{reply}', 'Replies of 10,000 elements or a megabyte and more.'),
};
type Instruments = Made<typeof INSTRUMENTS>;

/** Counts the elements of replies, and large replies by the family of their key. */
export class ReplySizes implements OperationMetrics {
  /** By operation: their names are few. */
  private readonly attributes = new Map<string, Attributes>();
  private readonly values = new NamedValues();
  private insights: Pick<Insights, 'familyOf'> | undefined;
  private readonly instrumented: Instrumented<Instruments>;

  constructor(meters: Meters) {
    this.instrumented = meters.hold(INSTRUMENTS, {
      observe: () => this.values.record(),
      moved: () => {
        this.attributes.clear();
        this.values.record();
      },
    });
  }

  /** Sets where families are read, from now on. Their names are decided where the metrics of the cache are read. */
  use(insights: Pick<Insights, 'familyOf'>): void {
    this.insights = insights;
  }

  command(command: Command, { failed, reply, isLocal }: Outcome, { operation }: Facts): void {
    if (failed || isLocal || command.isInternal === true) return;
    if (typeof reply === 'object' ? reply === null : typeof reply !== 'string') return;
    if (typeof reply === 'string' || Buffer.isBuffer(reply)) {
      if (reply.length >= LARGE_BYTES) this.large(command, operation, 'bytes');
      return;
    }
    const entry = lookup(command.args);
    const rows = rowsOf(entry, command.args, reply);
    if (rows === undefined) return;
    this.instrumented.current?.rows.record(rows, this.attributesOf(operation), command.context);
    if (rows >= LARGE_ROWS) this.large(command, operation, 'rows');
  }

  /** The reply of a batch is a list of replies, not a collection. */
  batch(): void {}

  private large({ args }: Command, operation: string, kind: 'rows' | 'bytes'): void {
    const { current } = this.instrumented;
    if (current === undefined) return;
    const entry = lookup(args);
    const keyIndex = keyIndexOf(entry, args);
    const family = keyIndex < 0 ? undefined : this.insights?.familyOf(args[keyIndex]);
    const attributes: Attributes = {
      [semconv.ATTR_DB_OPERATION_NAME]: operation,
      [semconv.ATTR_REDIS_LARGE_KIND]: kind,
    };
    this.values.add(current.large, 1, family, attributes);
  }

  private attributesOf(operation: string): Attributes {
    const known = this.attributes.get(operation);
    if (known !== undefined) return known;
    const attributes: Attributes = {
      [semconv.ATTR_DB_SYSTEM_NAME]: semconv.DB_SYSTEM_NAME_VALUE_REDIS,
      [semconv.ATTR_DB_OPERATION_NAME]: operation,
    };
    this.attributes.set(operation, attributes);
    return attributes;
  }
}
