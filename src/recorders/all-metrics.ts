// Knows: everything that measures, what the user wants of it, and that a fault in one part does not affect the others.
// Must not know: spans, how a client is patched.
import type { Meter } from '@opentelemetry/api';
import { familyMask, type KeyMask, keyMask } from '../catalog';
import type { Settings } from '../config';
import type { Batch, BatchOutcome, Command, Outcome } from '../core/events';
import type { BatchFacts, Facts, Insights } from '../core/facts';
import type { Logger } from '../core/log-record';
import type { NativeMetrics, OperationMetrics, Recorder, Report } from '../core/recorder';
import * as semconv from '../core/semconv';
import { ServerMetrics } from './connections';
import { FailureEvents } from './failure-events';
import { GuideMetrics } from './guide-metrics';
import { MessageMetrics } from './message-metrics';
import { Meters } from './meters';
import { MetricRecorder } from './metrics';
import { PoolMetrics } from './pool';
import { RedisClientMetrics } from './redis-client-metrics';
import { RepeatedCallMetrics } from './repeated-call-metrics';
import { ReplySizes } from './reply-sizes';

/** Metrics that node-redis can record itself, under the same names as ours, by the part that records them. */
const DOUBLED: readonly (readonly [keyof NativeMetrics, string])[] = [
  ['operations', semconv.METRIC_DB_CLIENT_OPERATION_DURATION],
  ['connections', semconv.METRIC_DB_CLIENT_CONNECTION_CREATE_TIME],
  ['waits', semconv.METRIC_DB_CLIENT_CONNECTION_WAIT_TIME],
  ['cache', semconv.METRIC_REDIS_CSC_REQUESTS],
  ['cache', semconv.METRIC_REDIS_CSC_EVICTIONS],
  ['cache', semconv.METRIC_REDIS_CSC_ITEMS],
  ['connections', semconv.METRIC_REDIS_CONNECTIONS],
  ['connections', semconv.METRIC_REDIS_CONNECTION_HANDOFF],
  ['connections', semconv.METRIC_REDIS_CONNECTION_RELAXED_TIMEOUT],
  ['errors', semconv.METRIC_REDIS_CLIENT_ERRORS],
  ['errors', semconv.METRIC_REDIS_MAINTENANCE_NOTIFICATIONS],
  ['closed', semconv.METRIC_REDIS_CONNECTION_CLOSED],
  ['pubSub', semconv.METRIC_REDIS_PUBSUB_MESSAGES],
  ['streams', semconv.METRIC_REDIS_STREAM_LAG],
];

type MetricSettings = Pick<Settings, 'metrics' | 'redisClientMetrics' | 'failureEvents' | 'series'> & {
  readonly spans: Pick<Settings['spans'], 'keys' | 'oldNames'>;
};

/** The current meter and logger; undefined: no provider is registered. */
interface Sources {
  meter(): Meter | undefined;
  logger(): Logger | undefined;
}

export class AllMetrics implements Recorder {
  readonly messages: MessageMetrics;
  readonly pools: PoolMetrics;
  readonly redisClient: RedisClientMetrics;
  readonly repeated: RepeatedCallMetrics;
  readonly servers: ServerMetrics;
  private readonly meters: Meters;
  private readonly operations: MetricRecorder;
  private readonly events: FailureEvents;
  private readonly sizes: ReplySizes;
  private readonly guide: GuideMetrics;
  private settings: MetricSettings | undefined;
  /** Who is called for every operation, before `operations`. */
  private others: readonly OperationMetrics[] = [];

  constructor(
    { meter, logger }: Sources,
    private readonly report: Report,
  ) {
    const meters = new Meters(() => (this.settings?.metrics ? meter() : undefined), report);
    this.meters = meters;
    this.messages = new MessageMetrics(meters);
    this.operations = new MetricRecorder(meters, this.messages);
    this.repeated = new RepeatedCallMetrics(meters);
    this.pools = new PoolMetrics(meters, report);
    this.redisClient = new RedisClientMetrics(meters, () => this.settings?.redisClientMetrics === true);
    this.events = new FailureEvents(() => (this.settings?.failureEvents ? logger() : undefined), report);
    this.servers = new ServerMetrics(meters, report, [this.redisClient, this.events]);
    this.sizes = new ReplySizes(meters);
    this.guide = new GuideMetrics(meters, this.pools, () => this.settings?.spans.oldNames === true);
  }

  /**
   * Sets what is measured, from now on.
   * @param family the mask of channels and streams in names, shared by all recorders
   */
  use(settings: MetricSettings, insights: Insights, family: KeyMask): void {
    this.settings = settings;
    const { redisClientMetrics, failureEvents, series, spans } = settings;
    const others: (OperationMetrics | false)[] = [
      this.sizes,
      spans.oldNames && this.guide,
      redisClientMetrics && this.redisClient,
      failureEvents && this.events,
    ];
    this.others = others.filter((one) => one !== false);
    this.meters.reconfigure();
    // The recorder of spans has masks of its own, which report what is wrong with the user's function.
    const mask = keyMask(spans.keys, () => {});
    const [families, groups] = spans.keys === 'hidden' ? [] : [family, familyMask(spans.keys, () => {})];
    this.operations.use(insights, series, mask, families);
    this.sizes.use(insights);
    this.messages.use(families, groups, redisClientMetrics);
    this.redisClient.use(families, groups);
    this.events.use(mask);
  }

  /** Moves the instruments to the current meter. Returns whether there is one. */
  refresh(): boolean {
    return this.meters.refresh();
  }

  isActive(): boolean {
    return this.meters.refresh() || (this.settings?.failureEvents === true && this.events.isActive());
  }

  /** The user enabled node-redis's own metrics; with ours, each value would exist twice. */
  yieldTo(native: NativeMetrics): void {
    const names = DOUBLED.filter(([part]) => native[part]).map(([, name]) => name);
    this.meters.omit(new Set(names));
    if (names.length > 0)
      this.report(`node-redis records ${names.join(', ')} itself; our metrics of that name are off`);
  }

  command(command: Command, outcome: Outcome, facts: Facts): void {
    for (const other of this.others) {
      try {
        other.command(command, outcome, facts);
      } catch (error) {
        this.report('a command could not be measured', error);
      }
    }
    this.operations.command(command, outcome, facts);
  }

  batch(batch: Batch, outcome: BatchOutcome, facts: BatchFacts): void {
    for (const other of this.others) {
      try {
        other.batch(batch, outcome, facts);
      } catch (error) {
        this.report('a batch could not be measured', error);
      }
    }
    this.operations.batch(batch, outcome, facts);
  }
}
