// Knows: all modules. This is the composition root, and the only file that knows them all.
import { diag, type MeterProvider, type Tracer, type TracerProvider } from '@opentelemetry/api';
import {
  type InstrumentationBase,
  InstrumentationNodeModuleDefinition,
  InstrumentationNodeModuleFile,
} from '@opentelemetry/instrumentation';
import { Adapters, activeAdapters } from './adapters';
import { NeighbourlyBase } from './base';
import { familyMask } from './catalog';
import { type ClientName, readSettings } from './config';
import type { RedisInstrumentationConfig } from './config/public';
import { Deliveries } from './core/delivery';
import type { InsightSettings } from './core/facts';
import { Operation } from './core/operation';
import { type NativeMetrics, type Report, reportOnce } from './core/recorder';
import { CommandInsights } from './insights';
import { MessagePropagator } from './propagation/propagator';
import { Providers } from './providers';
import { AllMetrics } from './recorders/all-metrics';
import { CompositeSpans } from './recorders/composite-spans';
import { MessageSpans } from './recorders/messages';
import { RepeatedCalls } from './recorders/repeated-calls';
import { RequestTotals } from './recorders/request-totals';
import { SpanRecorder } from './recorders/spans';
import { describeProvider, type State, StatusFile } from './status';
import { PACKAGE_NAME, PACKAGE_VERSION } from './version';

/** What the adapters of one library tell. One can be stopped while others record. */
interface Library {
  readonly tap: Operation;
  readonly messages: Deliveries;
}

/** The object in which every copy of the API registers globals. */
const API = Symbol.for('opentelemetry.js.api.1');

/** Options that can leave a process without spans, and whose values are not secret. */
const REPORTED_OPTIONS: readonly (keyof RedisInstrumentationConfig)[] = [
  'traces',
  'requireParentSpan',
  'ignoreCommands',
  'minDurationMs',
  'onConflict',
];

/**
 * Traces and measures node-redis (npm `redis` 2 to 6 and `@redis/client`) with no change in the application.
 * Give it to a `NodeSDK`, to `registerInstrumentations`, or preload the package's `hook` or `register` entry.
 */
export class RedisInstrumentation extends NeighbourlyBase<RedisInstrumentationConfig> {
  private readonly report: Report;
  /** Messages from before a logger was set. */
  private readonly pendingMessages: string[] = [];
  private readonly status: StatusFile | undefined;
  private readonly providers: Providers;
  private readonly tracerNow: () => Tracer | undefined;
  private readonly metrics: AllMetrics;
  private insights: CommandInsights | undefined;
  private readonly libraries: Readonly<Record<ClientName, Library>>;
  private readonly adapters: Adapters;
  /** undefined: no span is held back. */
  private composites: CompositeSpans | undefined;
  private isOn = false;

  /** @param config options; missing ones come from the environment, then from the defaults */
  constructor(config: RedisInstrumentationConfig = {}) {
    super(PACKAGE_NAME, PACKAGE_VERSION, config);
    this.status = StatusFile.wanted(
      () => this.state(),
      () => this.isMeasured(),
    );
    this.report = this.reporting();
    this.providers = new Providers();
    this.tracerNow = this.status?.tracer(this.providers.tracer) ?? this.providers.tracer;
    this.metrics = new AllMetrics(this.providers, this.report);
    const libraryOf = (): Library => ({
      tap: this.status?.operation(this.report) ?? new Operation(this.report),
      messages: new Deliveries(this.report),
    });
    this.libraries = { redis: libraryOf(), ioredis: libraryOf(), iovalkey: libraryOf() };
    const { pools, servers: connections, redisClient: maintenance } = this.metrics;
    const native = (metrics: NativeMetrics) => this.metrics.yieldTo(metrics);
    const { libraries, report } = this;
    const sinks = { libraries, pools, connections, native, maintenance, report };
    this.adapters = new Adapters(sinks, () => this.stop());
    this.configure();
    if (this.getConfig().enabled) this.enable();
  }

  /** The patched modules, for code that asks. Our own hook finds these files. */
  protected override init(): InstrumentationNodeModuleDefinition[] {
    return definitionsOf(this.adapters);
  }

  /** Takes new options at once. Operations in progress are recorded with the options at their end. */
  override setConfig(config: RedisInstrumentationConfig): void {
    super.setConfig(config);
    // The base constructor calls this before there is anything to configure.
    if (this.adapters !== undefined) this.configure();
  }

  private configure(): void {
    this.flushSpans();
    const settings = readSettings(this.getConfig(), process.env, this.report);
    this.adapters.use(settings.clients, settings.onConflict);
    this.adapters.replies.isWanted = settings.spans.responseHook !== undefined;
    const tracer = settings.traces ? this.tracerNow : () => undefined;
    const insights = this.insightsWith(settings.insights);
    const familyOf = (key: unknown) => insights.familyOf(key);
    const family = familyMask(settings.spans.keys, this.report, settings.insights.familyOf);
    this.metrics.use(settings, insights, family);
    const recorder = new SpanRecorder(settings.spans, tracer, family, this.report, this.adapters.replies);
    const { isCollecting } = settings.spans;
    this.composites = isCollecting
      ? new CompositeSpans(recorder, settings.spans, tracer, familyOf, this.report)
      : undefined;
    const spans = new RepeatedCalls(this.composites ?? recorder, familyOf, this.metrics.repeated);
    const totals = settings.requestTotals ? new RequestTotals() : undefined;
    const { channels, streams } = settings.propagation;
    const propagator =
      channels.length + streams.length > 0 ? new MessagePropagator(settings.propagation, this.report) : undefined;
    const messageSpans = new MessageSpans(settings.spans, tracer, family, this.report);
    for (const { tap, messages } of Object.values(this.libraries)) {
      tap.use(settings.operation, insights, spans, this.metrics, propagator, totals);
      messages.use(settings.messages, messageSpans, this.metrics.messages, propagator);
    }
  }

  /** Made once: what is remembered of keys stays when options change. */
  private insightsWith(settings: InsightSettings): CommandInsights {
    if (this.insights === undefined) this.insights = new CommandInsights(settings, this.report);
    else this.insights.use(settings);
    return this.insights;
  }

  private reporting(): Report {
    const logger = diag.createComponentLogger({ namespace: PACKAGE_NAME });
    return reportOnce((message) => {
      this.status?.say(message);
      if (hasLogger()) logger.warn(message);
      else this.pendingMessages.push(message);
    });
  }

  /** The state that is written on request. */
  private state(): State {
    const config = this.getConfig();
    const given = REPORTED_OPTIONS.filter((option) => config[option] !== undefined).map((option) => [
      option,
      String(config[option]),
    ]);
    const provider = this.providers.tracerProviderNow();
    return {
      isEnabled: this.isEnabled(),
      options: Object.fromEntries(given),
      others: this.adapters.findOthers().map(({ name, remedy }) => ({ name, remedy })),
      provider: provider && describeProvider(provider),
    };
  }

  private isMeasured(): boolean {
    return this.metrics.refresh();
  }

  override isEnabled(): boolean {
    return this.isOn;
  }

  override enable(): void {
    this.isOn = true;
    this.metrics.servers.start();
    // The adapters stop again if another instrumentation is to be left alone.
    this.adapters.patch();
  }

  override disable(): void {
    this.isOn = false;
    this.stop();
    this.adapters.unpatch();
  }

  /**
   * Ends the spans that `compressSpans` holds back for a tenth of a second after the last command of a run. Call it
   * before the SDK is shut down; `register` and `disable()` do so themselves.
   */
  flushSpans(): void {
    this.composites?.flush();
  }

  private stop(): void {
    this.flushSpans();
    this.metrics.servers.stop();
  }

  override setTracerProvider(provider: TracerProvider): void {
    this.composites?.flush();
    super.setTracerProvider(provider);
    this.providers.setTracerProvider(provider);
    // An SDK sets its logger after we are constructed, and before it gives us its provider.
    for (const message of this.pendingMessages.splice(0)) this.reporting()(message);
  }

  override setMeterProvider(provider: MeterProvider): void {
    super.setMeterProvider(provider);
    this.providers.setMeterProvider(provider);
    this.metrics.refresh();
  }

  override setLoggerProvider(provider: Parameters<InstrumentationBase['setLoggerProvider']>[0]): void {
    super.setLoggerProvider(provider);
    this.providers.setLoggerProvider(provider);
  }
}

/** The API cannot say whether a logger is set; without one it drops messages. */
function hasLogger(): boolean {
  const { [API]: registered } = globalThis as { [API]?: { readonly diag?: object } };
  return registered?.diag !== undefined;
}

/**
 * Records a redis client in a bundle, where no module hook can see `redis`, through the instrumentation that is
 * enabled in this process. One call is enough for all clients of the bundle: it patches their class. Redis 5.12 and
 * later is recorded in bundles without this call, but with it transactions and keys are shown; ioredis and iovalkey
 * need the call. It never throws.
 *
 * @returns the client that was passed
 */
export function instrumentClient<T>(client: T): T {
  const adapters = activeAdapters();
  if (adapters === undefined) {
    const logger = diag.createComponentLogger({ namespace: PACKAGE_NAME });
    logger.warn('instrumentClient: no RedisInstrumentation is enabled; nothing is changed');
  } else {
    adapters.instrumentClient(client);
  }
  return client;
}

/** An entry as redis 4 to 6 return it, or as redis 2 and 3 do: with the id first. */
export type StreamEntry = { readonly id: string | Buffer } | readonly [id: string | Buffer, ...more: unknown[]];

export interface ProcessSpanOptions {
  /**
   * The stream of the entry. It is needed if several streams are read: two of them can have an entry of the same id.
   */
  readonly stream?: string | Buffer;
}

/**
 * Runs `fn` with one entry of a stream, in a CONSUMER span of its own. The span is linked to the span of the entry's
 * sender, and is its child if no other span is active. An entry is known for ten minutes after it was read, if its
 * stream matches `propagateStreams`; any other entry has a span without the link. If no {@link RedisInstrumentation}
 * is enabled, `fn` is called without a span.
 *
 * @returns the return value of `fn`; a promise is followed to its end. An error is recorded and passed on
 */
export function processSpan<E extends StreamEntry, T>(
  entry: E,
  fn: (entry: E) => T,
  { stream }: ProcessSpanOptions = {},
): T {
  const adapters = activeAdapters();
  if (adapters === undefined) return fn(entry);
  return adapters.process(idOf(entry), stream?.toString(), () => fn(entry));
}

function idOf(entry: StreamEntry | null | undefined): string | undefined {
  const id = Array.isArray(entry) ? entry[0] : (entry as { readonly id?: string | Buffer } | null | undefined)?.id;
  return typeof id === 'string' || Buffer.isBuffer(id) ? id.toString() : undefined;
}

/** Every version is hooked. The table of the adapters decides which versions are known, and refusals are reported. */
function definitionsOf(adapters: Adapters): InstrumentationNodeModuleDefinition[] {
  const definitions = new Map<string, InstrumentationNodeModuleDefinition>();
  for (const { module, file, onLoad } of adapters.hookedFiles()) {
    const definition = definitions.get(module) ?? new InstrumentationNodeModuleDefinition(module, ['*']);
    definitions.set(module, definition);
    const patch = (moduleExports: unknown, version?: string): unknown => {
      onLoad(moduleExports, version);
      return moduleExports;
    };
    if (file === undefined) definition.patch = patch;
    else definition.files.push(new InstrumentationNodeModuleFile(`${module}/${file}`, ['*'], patch, () => undefined));
  }
  return [...definitions.values()];
}
