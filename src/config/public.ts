// Knows: the options as an application sees them. Made from options.ts by `npm run options`; change them there.
// Must not know: how an option is read, what it changes.
import type { Span } from '@opentelemetry/api';
import type { InstrumentationConfig } from '@opentelemetry/instrumentation';
import type { KeyMode } from '../catalog/keys';
import type {
  ClientName,
  ConflictMode,
  OperationInfo,
  OptionalAttribute,
  RequestInfo,
  SemconvMode,
  SpanChoice,
  SpanInfo,
  SpanNameInfo,
} from './values';

/**
 * Options of {@link RedisInstrumentation}. Except for functions, each can also be given by the environment variable
 * `OTEL_INSTRUMENTATION_REDIS_<NAME_IN_UPPER_SNAKE_CASE>`; code wins. A value of the wrong type is
 * reported once through `diag` and the default is used.
 */
export interface RedisInstrumentationConfig extends InstrumentationConfig {
  /**
   * Record spans if a tracer provider is registered. Default: `true`.
   * @example traces: false
   */
  traces?: boolean;
  /**
   * Record a span only below another span. Metrics count every command. Default: `false`.
   * @example requireParentSpan: true
   */
  requireParentSpan?: boolean;
  /**
   * Ask the sampler even if the parent span was sampled out, for samplers that decide each span separately.
   * Default: `false`.
   * @example spansWhenParentUnsampled: true
   */
  spansWhenParentUnsampled?: boolean;
  /**
   * Commands that get no span, by name in any case (`PING,CONFIG GET,MULTI`), in code also by RegExp. Scripts and
   * functions also count by their own names. Metrics count them. Default: none.
   * @example ignoreCommands: ['PING', /^CONFIG/]
   */
  ignoreCommands?: readonly (string | RegExp)[];
  /**
   * Returns `true` for a command or batch that gets no span. It is called before the command runs, or for a batch
   * of one command after its reply, and gets every argument. Default: none.
   * @example ignore: ({ operation, args }) => operation === 'GET' && String(args[0]).startsWith('probe:')
   */
  ignore?: (info: OperationInfo) => boolean;
  /**
   * Keys, as glob patterns of Redis (`bull:*`). A command or batch whose keys all match gets no span. Metrics
   * count it. Default: none.
   * @example ignoreKeys: ['bull:*', 'sess:*']
   */
  ignoreKeys?: readonly string[];
  /**
   * Which operations get a span: `all`, or `notable`: failures, slow operations (`slowMs`), fills, lost locks,
   * aborted transactions and repeated calls. With `requestTotals` the others are still counted. Default: `all`.
   * @example spans: 'notable'
   */
  spans?: SpanChoice;
  /**
   * Record a span also for a blocking read that returned nothing and has no parent span. Default: `false`.
   * @example emptyPolls: true
   */
  emptyPolls?: boolean;
  /**
   * Record one span for commands that end one after another below the same parent, with the same operation,
   * server, database and key family. It has no effect with `requestHook` and `responseHook`. Default: `false`.
   * @example compressSpans: true
   */
  compressSpans?: boolean;
  /**
   * A command that took longer, in milliseconds, has a span of its own even with `compressSpans`. Default: `50`.
   * @example compressMaxDurationMs: 10
   */
  compressMaxDurationMs?: number;
  /**
   * Record no span for an operation that took fewer milliseconds. A failure always has a span. Default: `0`.
   * @example minDurationMs: 5
   */
  minDurationMs?: number;
  /**
   * Record a span for every `connect()` of a client, including its nodes and pools. Default: `false`.
   * @example connectSpans: true
   */
  connectSpans?: boolean;
  /**
   * Record a child span for every command of a transaction or pipeline. Default: `false`.
   * @example batchCommands: true
   */
  batchCommands?: boolean;
  /**
   * Record a span around the listeners of every message that reaches a subscriber, and for every `processSpan`.
   * Default: `true`.
   * @example consumerSpans: false
   */
  consumerSpans?: boolean;
  /**
   * Sum up the cost of Redis on the span of the request, with or without spans of commands: `db.redis.calls`,
   * `db.redis.duration_ms`, `cache.hit_count`, `cache.miss_count`, `db.redis.errors`. Default: `false`.
   * @example requestTotals: true
   */
  requestTotals?: boolean;
  /**
   * Spans of operations that took at least this many milliseconds say where the time was spent:
   * `db.redis.queue_ms` in the client, `db.redis.wire_ms` on the network and in Redis,
   * `db.redis.event_loop_delay_ms` in the event loop. `0`: every span; `false`: none. Default: `100`.
   * @example slowMs: 50
   */
  slowMs?: number | false;
  /**
   * The maximum length of `db.query.text`, in characters: at least `16`, or `0` for no such attribute. Default:
   * `1024`.
   * @example maxQueryTextLength: 256
   */
  maxQueryTextLength?: number;
  /**
   * Additional attributes: `db.redis.key`, `db.redis.args_count`, `db.query.summary` (`GET user:{}`),
   * `db.response.returned_rows` (also of small collections), `db.redis.queue_ms`, `db.redis.wire_ms`,
   * `db.redis.event_loop_delay_ms`. Default: none.
   * @example optionalAttributes: ['db.redis.key']
   */
  optionalAttributes?: readonly OptionalAttribute[];
  /**
   * Which names are written. `dup` also writes the names from before the stable conventions and those of the
   * guide, in spans and metrics. `OTEL_SEMCONV_STABILITY_OPT_IN=database/dup` does the same. Default: `stable`.
   * @example semconv: 'dup'
   */
  semconv?: SemconvMode;
  /**
   * How keys, fields and channels are shown, wherever they appear. `safe` hides segments that could reveal a
   * secret or a person; `full` shows everything; `family` shows `user:{}`; `hidden` shows `?`, and so does an
   * invalid value; in code also a function that returns the text to show. Default: `safe`.
   * @example keys: 'family'
   */
  keys?: KeyMode;
  /**
   * Name the family of a key (`user:{}` for `user:7`) on spans of look-ups and in all cache metrics. Families are
   * learnt from the keys, 200 at most; further ones are `_other`. A list of templates, or in code a function,
   * decides for the keys, channels and streams that it knows. With `keys: 'hidden'` only these families are named.
   * Default: `true`.
   * @example keyFamilies: ['user:{}:cart', 'session:{}']
   */
  keyFamilies?: boolean | readonly string[] | ((key: string) => string | undefined);
  /**
   * Remember for some minutes which keys were missed and written. This shows how long loading takes, stampedes,
   * unfilled misses, why a key was missing, and which writes get no time to live. Default: `true`.
   * @example cacheInsight: false
   */
  cacheInsight?: boolean;
  /**
   * Recognise locks: keys whose name says so (`lock`, `mutex`, `lease` …), and keys that were released or renewed
   * by comparing their token. `false` recognises none. A pattern or a list of patterns (`lock:*,*:mutex`), in code
   * also a RegExp, defines which keys are locks, and no others are. Default: `true`.
   * @example locks: ['lock:*', /:mutex$/]
   */
  locks?: boolean | string | RegExp | readonly (string | RegExp)[];
  /**
   * Channels whose messages carry the context and the baggage of their sender, as patterns of PSUBSCRIBE
   * (`orders:*`). This changes the messages: every subscriber needs this instrumentation with the same option,
   * which removes the envelope again. Other subscribers see the envelope before the message. Default: none.
   * @example propagateChannels: ['orders:*']
   */
  propagateChannels?: readonly string[];
  /**
   * Streams whose entries carry the context and the baggage of their sender in an additional last field, as glob
   * patterns of names (`orders:*`). With the same option, commands that read entries remove it again, and are
   * recorded as receivers of messages. Other readers see one more field. Default: none.
   * @example propagateStreams: ['jobs:*']
   */
  propagateStreams?: readonly string[];
  /**
   * Record metrics if a meter provider is registered. Default: `true`.
   * @example metrics: false
   */
  metrics?: boolean;
  /**
   * Also record the metrics of Redis's own clients, under the names that Redis's dashboards use
   * (`redis.client.errors` and others), except those that node-redis itself records. Default: `true`.
   * @example redisClientMetrics: false
   */
  redisClientMetrics?: boolean;
  /**
   * Add the node that answered to `db.client.operation.duration` in clusters and sentinels: `network.peer.address`
   * and `network.peer.port`. At most 64 nodes are named; further ones are `_OTHER`. Default: `true`.
   * @example metricsByNode: false
   */
  metricsByNode?: boolean;
  /**
   * Add `db.query.summary` (`GET user:{}`) to `db.client.operation.duration`: one series for each command and key
   * family. Raise the cardinality limit of the SDK, which is 2,000 series of a metric. Default: `false`.
   * @example metricsBySummary: true
   */
  metricsBySummary?: boolean;
  /**
   * Count commands that clients send by themselves, in `db.client.operation.duration` with `db.redis.internal` =
   * `true`: handshakes, topology, pings. They get no spans. Default: `false`.
   * @example internalCommands: true
   */
  internalCommands?: boolean;
  /**
   * Write a log event for each failed command or batch, lost connection and lost lock, if a logger provider is
   * registered. `OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN=logs` or `logs/dup` does the same. Default: `false`.
   * @example failureEvents: true
   */
  failureEvents?: boolean;
  /**
   * Which client libraries are recorded: `redis` (node-redis, with its scoped packages), `ioredis`, `iovalkey`.
   * Default: all three.
   * @example clients: ['redis']
   */
  clients?: readonly ClientName[];
  /**
   * What to do about another OpenTelemetry instrumentation of redis in the process, such as the one of
   * `auto-instrumentations-node`. `takeover` removes its patches permanently; `stand-down` leaves redis to it;
   * `both` records every command twice. Each case is reported once through `diag`. Tracers that use diagnostics
   * channels are not changed. Default: `takeover`.
   * @example onConflict: 'stand-down'
   */
  onConflict?: ConflictMode;
  /**
   * Returns the name of a span. Everyone who can read spans sees it. Default: the conventions' name.
   * @example spanName: ({ operation, defaultName }) => (operation === 'GET' ? 'read' : defaultName)
   */
  spanName?: (info: SpanNameInfo) => string;
  /**
   * Returns `db.query.text` in place of our redaction. It gets every argument, secrets included. Default: none.
   * @example dbStatementSerializer: (commandName, commandArgs) => [commandName, commandArgs.length].join(' ')
   */
  dbStatementSerializer?: (commandName: string, commandArgs: Array<string | Buffer>) => string;
  /**
   * Called with the span before it ends, whether the operation succeeded or failed. It gets arguments, reply and
   * error. Default: none.
   * @example spanHook: (span, { failed }) => void span.setAttribute('app.cache.failed', failed)
   */
  spanHook?: (span: Span, info: SpanInfo) => void;
  /**
   * Called with the span of a command before it ends, in the OpenTelemetry context of the caller. It gets every
   * argument, secrets included. Default: none.
   * @example requestHook: (span, { cmdName }) => void span.setAttribute('app.request', cmdName)
   */
  requestHook?: (span: Span, request: RequestInfo) => void;
  /**
   * Called with the span before it ends, if the command succeeded. It gets arguments and reply. Default: none.
   * @example responseHook: (span, commandName) => void span.setAttribute('app.command', commandName)
   */
  responseHook?: (span: Span, commandName: string, commandArgs: Array<string | Buffer>, response: unknown) => void;
}

/** Makes `db.query.text` of a command. */
export type DbStatementSerializer = NonNullable<RedisInstrumentationConfig['dbStatementSerializer']>;

/** Adds attributes of the user's own to a span, from the reply of the command. */
export type RedisResponseCustomAttributeFunction = NonNullable<RedisInstrumentationConfig['responseHook']>;
