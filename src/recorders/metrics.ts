// Knows: the metrics of an operation.
// Must not know: clients, redis versions, patches, spans.
import type { Attributes, Context, Histogram, Meter } from '@opentelemetry/api';
import { lookup, mayWait } from '../catalog';
import type { Batch, BatchOutcome, ClientFacts, Command, Outcome } from '../core/events';
import type { BatchFacts, Facts, Failure, Insights } from '../core/facts';
import type { NativeMetrics, Recorder, Report } from '../core/recorder';
import * as semconv from '../core/semconv';
import { classify } from '../insights/errors';
import { metricAttributes } from './attributes';
import { DURATION_BUCKETS } from './buckets';
import { CacheMetrics } from './cache-metrics';
import type { MessageMetrics } from './message-metrics';
import { type Messaging, messagingOf } from './messaging';

/** The number of attribute objects kept for one client: every command and error, and a limit for names without end. */
const MAX_ATTRIBUTE_SETS = 500;

/** Nodes told apart. */
export const MAX_NODES = 64;
const OTHER = '_OTHER';

/** What separates the durations of some operations from others of the same name. */
type Kind = 'internal' | 'blocking';

/** Counts and times operations, with or without a span. */
export class MetricRecorder implements Recorder {
  private attributeSets = new WeakMap<ClientFacts, Map<string, Attributes>>();
  private readonly nodes = new Set<string>();
  private byNode = true;
  private meter: Meter | undefined;
  private duration: Histogram | undefined;
  private readonly cache = new CacheMetrics();
  private isDoubled = false;

  /** @param source the current meter; undefined: no provider is registered */
  constructor(
    private readonly source: () => Meter | undefined,
    private readonly messages: MessageMetrics,
    private readonly report: Report,
  ) {}

  /**
   * Sets the source of counts from now on. Called before the first command.
   * @param byNode whether operations of clusters are told by the node that answered
   */
  use(insights: Insights, byNode: boolean): void {
    if (byNode !== this.byNode) this.attributeSets = new WeakMap();
    this.byNode = byNode;
    this.cache.read(insights);
  }

  /** A meter is foreign code: an error must not reach the application's command. */
  isActive(): boolean {
    try {
      const meter = this.source();
      if (meter !== this.meter) this.follow(meter);
      return meter !== undefined;
    } catch (error) {
      this.report('a meter could not be used', error);
      return false;
    }
  }

  /** node-redis has begun to measure operations itself. */
  yieldTo({ operations }: NativeMetrics): void {
    this.isDoubled = operations;
  }

  command(command: Command, outcome: Outcome, { operation, failure, cache, lock }: Facts): void {
    const { args } = command;
    const { facts } = command.client;
    const entry = lookup(args);
    const kind = command.isInternal ? 'internal' : mayWait(entry, args) ? 'blocking' : undefined;
    this.record(operation, facts, failure, outcome.durationMs, command.context, kind);
    if (command.isInternal) return;
    // Most commands have nothing to do with messages; this check saves them a call.
    if (entry.rule?.sends || command.transfer !== undefined) {
      this.countMessages(messagingOf(entry, args, command.transfer), facts, failure?.type, outcome.durationMs);
    }
    if (cache !== undefined) this.cache.record(cache.fills, cache.sizes);
    if (lock !== undefined) this.cache.recordLock(lock);
  }

  batch(batch: Batch, outcome: BatchOutcome, { operation, failure, fills, sizes, locks }: BatchFacts): void {
    this.record(operation, batch.client.facts, failure, outcome.durationMs, batch.context);
    this.cache.record(fills, sizes);
    for (const lock of locks) this.cache.recordLock(lock);
    if (!outcome.aborted) this.countBatch(batch, outcome);
  }

  private countBatch({ commands, client, transfers }: Batch, { replies, failed, error }: BatchOutcome): void {
    commands.forEach((args, index) => {
      const messaging = messagingOf(lookup(args), args, transfers?.get(index));
      if (messaging === undefined) return;
      const reply = replies[index];
      const hasFailed = reply instanceof Error || (failed && !(index in replies));
      const reason = reply instanceof Error ? reply : error;
      this.countMessages(messaging, client.facts, hasFailed ? classify(reason).type : undefined);
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

  /** @param context of the caller, for exemplars */
  private record(
    operation: string,
    facts: ClientFacts,
    failure: Failure | undefined,
    durationMs: number,
    context: Context,
    kind?: Kind,
  ): void {
    if (this.isDoubled) return;
    this.duration?.record(durationMs / 1_000, this.attributesOf(operation, facts, failure, kind), context);
  }

  private attributesOf(
    operation: string,
    facts: ClientFacts,
    failure: Failure | undefined,
    kind: Kind | undefined,
  ): Attributes {
    let sets = this.attributeSets.get(facts);
    if (sets === undefined) {
      sets = new Map();
      this.attributeSets.set(facts, sets);
    }
    const outcome = failure === undefined ? operation : `${operation} ${failure.type}`;
    const key = kind === undefined ? outcome : `${outcome} ${kind}`;
    const known = sets.get(key);
    if (known !== undefined) return known;
    const attributes = metricAttributes(operation, facts, failure);
    if (this.byNode && facts.peerAddress !== undefined) this.addNode(attributes, facts.peerAddress, facts.peerPort);
    if (kind === 'internal') attributes[semconv.ATTR_REDIS_INTERNAL] = true;
    if (kind === 'blocking') attributes[semconv.ATTR_REDIS_OPERATION_BLOCKING] = true;
    if (sets.size < MAX_ATTRIBUTE_SETS) sets.set(key, attributes);
    return attributes;
  }

  /** Nodes of clusters come and go, in some clouds under new addresses. */
  private addNode(attributes: Attributes, address: string, port: number | undefined): void {
    const node = `${address}:${port}`;
    if (this.nodes.size < MAX_NODES) this.nodes.add(node);
    const isKnown = this.nodes.has(node);
    attributes[semconv.ATTR_NETWORK_PEER_ADDRESS] = isKnown ? address : OTHER;
    if (isKnown && port !== undefined) attributes[semconv.ATTR_NETWORK_PEER_PORT] = port;
  }

  /** A provider was registered, replaced or removed: instruments belong to one meter. */
  private follow(meter: Meter | undefined): void {
    this.meter = meter;
    this.attributeSets = new WeakMap();
    this.nodes.clear();
    this.duration = meter?.createHistogram(semconv.METRIC_DB_CLIENT_OPERATION_DURATION, {
      description: 'Duration of database client operations.',
      unit: 's',
      advice: { explicitBucketBoundaries: DURATION_BUCKETS },
    });
    this.cache.follow(meter);
  }
}
