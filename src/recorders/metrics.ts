// Knows: which metrics an operation moves.
// Must not know: clients, redis versions, patches, spans.
import type { Attributes, Histogram, Meter, ObservableCounter, ObservableResult } from '@opentelemetry/api';
import { lookup } from '../catalog';
import type { Batch, BatchOutcome, ClientFacts, Command, Outcome } from '../core/events';
import type { NativeMetrics, Recorder } from '../core/recorder';
import * as semconv from '../core/semconv';
import { readBatch } from '../insights/batch';
import { readLookup } from '../insights/cache';
import { classify, type Failure } from '../insights/errors';
import { metricAttributes } from './attributes';
import { DURATION_BUCKETS } from './buckets';
import type { MessageMetrics } from './message-metrics';

/** Attribute objects kept for one client: every command and error it meets, and a bound if names vary without end. */
const MAX_ATTRIBUTE_SETS = 500;

const HIT: Attributes = { [semconv.ATTR_CACHE_RESULT]: 'hit' };
const MISS: Attributes = { [semconv.ATTR_CACHE_RESULT]: 'miss' };

/** Counts and times operations, whether or not they have a span. */
export class MetricRecorder implements Recorder {
  private readonly attributeSets = new WeakMap<ClientFacts, Map<string, Attributes>>();
  private meter: Meter | undefined;
  private duration: Histogram | undefined;
  private requests: ObservableCounter | undefined;
  // Plain numbers read when metrics are collected: adding to a counter would hash attributes per command.
  private hits = 0;
  private misses = 0;
  private isDoubled = false;

  /** @param source the meter of whoever listens now; undefined while nobody does */
  constructor(
    private readonly source: () => Meter | undefined,
    private readonly messages: MessageMetrics,
  ) {}

  isActive(): boolean {
    const meter = this.source();
    if (meter !== this.meter) this.use(meter);
    return meter !== undefined;
  }

  /** node-redis has begun to measure operations itself. */
  yieldTo({ operations }: NativeMetrics): void {
    this.isDoubled = operations;
  }

  command(command: Command, outcome: Outcome): void {
    const { args } = command;
    const { facts } = command.client;
    const failure = outcome.failed ? classify(outcome.error) : undefined;
    const { operation, rule, from } = lookup(args);
    this.record(operation, facts, failure, outcome.durationMs);
    if (rule?.sends) this.messages.sent(args[from], facts, failure?.type);
    if (outcome.failed) return;
    const found = readLookup(args, outcome.reply);
    if (found !== undefined) this.count(found.hits, found.misses);
  }

  batch(batch: Batch, outcome: BatchOutcome): void {
    const digest = readBatch(batch, outcome);
    this.record(digest.operation, batch.client.facts, digest.failure, outcome.durationMs);
    this.count(digest.hits, digest.misses);
    if (!outcome.aborted) this.countSent(batch, outcome);
  }

  private countSent({ commands, client }: Batch, { replies, failed, error }: BatchOutcome): void {
    commands.forEach((args, index) => {
      const { rule, from } = lookup(args);
      if (!rule?.sends) return;
      const reply = replies[index];
      const hasFailed = reply instanceof Error || (failed && !(index in replies));
      const reason = reply instanceof Error ? reply : error;
      this.messages.sent(args[from], client.facts, hasFailed ? classify(reason).type : undefined);
    });
  }

  private record(operation: string, facts: ClientFacts, failure: Failure | undefined, durationMs: number): void {
    if (this.isDoubled) return;
    this.duration?.record(durationMs / 1_000, this.attributesOf(operation, facts, failure));
  }

  private count(hits: number, misses: number): void {
    this.hits += hits;
    this.misses += misses;
  }

  private attributesOf(operation: string, facts: ClientFacts, failure: Failure | undefined): Attributes {
    let sets = this.attributeSets.get(facts);
    if (sets === undefined) {
      sets = new Map();
      this.attributeSets.set(facts, sets);
    }
    const key = failure === undefined ? operation : `${operation} ${failure.type}`;
    const known = sets.get(key);
    if (known !== undefined) return known;
    const attributes = metricAttributes(operation, facts, failure);
    if (sets.size < MAX_ATTRIBUTE_SETS) sets.set(key, attributes);
    return attributes;
  }

  /** A provider came, went or was replaced: the instruments belong to one meter. */
  private use(meter: Meter | undefined): void {
    this.requests?.removeCallback(this.observeRequests);
    this.meter = meter;
    // Whoever listens from now on counts from now on.
    this.hits = 0;
    this.misses = 0;
    this.duration = meter?.createHistogram(semconv.METRIC_DB_CLIENT_OPERATION_DURATION, {
      description: 'Duration of database client operations.',
      unit: 's',
      advice: { explicitBucketBoundaries: DURATION_BUCKETS },
    });
    this.requests = meter?.createObservableCounter(semconv.METRIC_CACHE_REQUESTS, {
      description: 'Items looked up in the cache, by whether they were found.',
      unit: '{request}',
    });
    this.requests?.addCallback(this.observeRequests);
  }

  private readonly observeRequests = (result: ObservableResult): void => {
    if (this.hits > 0) result.observe(this.hits, HIT);
    if (this.misses > 0) result.observe(this.misses, MISS);
  };
}
