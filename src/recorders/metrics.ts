// Knows: the metrics of an operation.
// Must not know: clients, redis versions, patches, spans.
import { type KeyMask, lookup } from '../catalog';
import type { Batch, BatchOutcome, ClientFacts, Command, Outcome } from '../core/events';
import type { BatchFacts, Facts, Insights } from '../core/facts';
import type { Recorder } from '../core/recorder';
import type { Redirection, Resends } from '../core/resends';
import * as semconv from '../core/semconv';
import { outcomeAt } from '../core/settled';
import { classify } from '../insights/errors';
import { addServer } from './attributes';
import { CacheMetrics } from './cache-metrics';
import { counter, DURATION_BUCKETS, histogram, type Made } from './instruments';
import type { MessageMetrics } from './message-metrics';
import { type Messaging, messagingOf } from './messaging';
import type { Instrumented, Meters } from './meters';
import { OperationSeries, type SeriesSettings } from './operation-series';

const INSTRUMENTS = {
  duration: histogram(
    semconv.METRIC_DB_CLIENT_OPERATION_DURATION,
    's',
    DURATION_BUCKETS,
    'Duration of database client operations.',
  ),
  retries: counter(
    semconv.METRIC_REDIS_RETRIES,
    '{attempt}',
    'Attempts to send a call again, after a redirection of a cluster or a lost connection.',
  ),
};

const REDIRECTIONS: readonly (Redirection | undefined)[] = ['MOVED', 'ASK', undefined];

/** Counts and times operations, with or without a span. */
export class MetricRecorder implements Recorder {
  private readonly series = new OperationSeries();
  private readonly instrumented: Instrumented<Made<typeof INSTRUMENTS>>;
  private readonly cache: CacheMetrics;

  constructor(
    private readonly meters: Meters,
    private readonly messages: MessageMetrics,
  ) {
    this.cache = new CacheMetrics(meters);
    this.instrumented = meters.hold(INSTRUMENTS, { moved: () => this.series.forget() });
  }

  /** Sets the source of counts, and which series of durations there are (see OperationSeries), from now on. */
  use(insights: Insights, settings: SeriesSettings, mask: KeyMask, family: KeyMask | undefined): void {
    this.series.use(settings, mask, family);
    this.cache.read(insights);
  }

  isActive(): boolean {
    return this.meters.refresh();
  }

  /** The context of the caller is for exemplars. */
  command(command: Command, { durationMs }: Outcome, known: Facts): void {
    const { args, context } = command;
    const { failure, cache, lock } = known;
    const entry = lookup(args);
    this.instrumented.current?.duration.record(
      durationMs / 1_000,
      this.series.ofCommand(command, entry, known),
      context,
    );
    if (command.resends !== undefined) this.countResends(command.resends, command.client.facts);
    if (command.isInternal) return;
    // Most commands have nothing to do with messages; this check saves them a call.
    if (entry.rule?.sends || command.transfer !== undefined) {
      const messaging = messagingOf(entry, args, command.transfer);
      this.countMessages(messaging, command.client.facts, failure?.type, durationMs);
    }
    if (cache !== undefined) this.cache.record(cache.fills, cache.sizes);
    if (lock !== undefined) this.cache.recordLock(lock);
  }

  batch(batch: Batch, outcome: BatchOutcome, { operation, failure, fills, sizes, locks }: BatchFacts): void {
    const { client, context } = batch;
    const attributes = this.series.ofBatch(client.facts, operation, failure);
    this.instrumented.current?.duration.record(outcome.durationMs / 1_000, attributes, context);
    if (batch.resends !== undefined) this.countResends(batch.resends, client.facts);
    this.cache.record(fills, sizes);
    for (const lock of locks) this.cache.recordLock(lock);
    if (!outcome.aborted) this.countBatch(batch, outcome);
  }

  /** Counts attempts after the first, by the redirection that caused them. */
  private countResends(resends: Resends, facts: ClientFacts): void {
    for (const redirection of REDIRECTIONS) {
      const count = resends.countOf(redirection);
      if (count === 0) continue;
      const attributes = redirection === undefined ? {} : { [semconv.ATTR_REDIS_REDIRECTION_KIND]: redirection };
      addServer(attributes, facts);
      this.instrumented.current?.retries.add(count, attributes);
    }
  }

  private countBatch({ commands, client, transfers }: Batch, outcome: BatchOutcome): void {
    commands.forEach((args, index) => {
      const messaging = messagingOf(lookup(args), args, transfers?.get(index));
      if (messaging === undefined) return;
      const { failed, error } = outcomeAt(outcome, index);
      this.countMessages(messaging, client.facts, failed ? classify(error).type : undefined);
    });
  }

  /** @param durationMs undefined in a batch: Redis tells no single times */
  private countMessages(
    messaging: Messaging | undefined,
    facts: ClientFacts,
    errorType: string | undefined,
    durationMs?: number,
  ): void {
    if (messaging === undefined) return;
    if (durationMs !== undefined) this.messages.took(messaging, facts, errorType, durationMs);
    const { type, operation, destinations, group, receipt, isSharded } = messaging;
    if (type === 'send') this.messages.sent(operation, destinations[0], facts, errorType);
    if (isSharded !== undefined && errorType === undefined) this.messages.published(destinations[0], facts, isSharded);
    for (const [stream, count] of receipt?.counts ?? []) this.messages.received(operation, stream, group, facts, count);
  }
}
