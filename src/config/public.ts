// Knows: the options as an application sees them. Made from options.ts by `npm run options`; change them there.
// Must not know: how an option is read, what it changes.
import type { Span } from '@opentelemetry/api';
import type { InstrumentationConfig } from '@opentelemetry/instrumentation';
import type { KeyMode } from '../catalog/keys';
import type { ClientName, ConflictMode, OperationInfo, OptionalAttribute, SemconvMode, SpanChoice, SpanInfo, SpanNameInfo } from './values';

/**
 * Options of {@link RedisInstrumentation}. Each but the functions can be given by the environment variable
 * `OTEL_INSTRUMENTATION_REDIS_<NAME_IN_UPPER_SNAKE_CASE>` too; code wins. A value of the wrong type is
 * reported once through `diag` and the default is used.
 */
export interface RedisInstrumentationConfig extends InstrumentationConfig {
  /**
   * Make spans where a tracer provider is registered. Default: `true`.
   * @example traces: false
   */
  traces?: boolean;
  /**
   * Make spans only below another span. Metrics count all the same. Default: `false`.
   * @example requireParentSpan: true
   */
  requireParentSpan?: boolean;
  /**
   * Ask the sampler even when the parent span was sampled out. For samplers that decide span by span. Default:
   * `false`.
   * @example spansWhenParentUnsampled: true
   */
  spansWhenParentUnsampled?: boolean;
  /**
   * Commands that get no span, by name in any case (`PING,CONFIG GET,MULTI`), or in code also by patterns of
   * names. A batch of one is that command. Metrics count them. Default: none.
   * @example ignoreCommands: ['PING', /^CONFIG/]
   */
  ignoreCommands?: readonly (string | RegExp)[];
  /**
   * Returns `true` for a command or batch that gets no span. It is asked before the command runs, after
   * `ignoreCommands`, and sees every argument. A batch of one command is asked about as that command, when it has
   * been answered. Default: none.
   * @example ignore: ({ operation, args }) => operation === 'GET' && String(args[0]).startsWith('probe:')
   */
  ignore?: (info: OperationInfo) => boolean;
  /**
   * Keys, as patterns of Redis (`bull:*`): a command or batch that concerns no others gets no span. Metrics count
   * it. Default: none.
   * @example ignoreKeys: ['bull:*', 'sess:*']
   */
  ignoreKeys?: readonly string[];
  /**
   * Which operations get a span: `all`, or `notable`: failures, slow operations (`slowMs`), fills, lost locks,
   * aborted transactions and calls that repeat. With `requestTotals` the rest is still accounted for. Default:
   * `all`.
   * @example spans: 'notable'
   */
  spans?: SpanChoice;
  /**
   * Make a span also for a blocking read that waited in vain and has no parent span, as workers make them for
   * ever. Metrics count it either way. Default: `false`.
   * @example emptyPolls: true
   */
  emptyPolls?: boolean;
  /**
   * Make one span of commands that end one after another below the same parent, with the same operation, server,
   * database and key family. Metrics count every one. It has no effect with `responseHook`. Default: `false`.
   * @example compressSpans: true
   */
  compressSpans?: boolean;
  /**
   * A command that took more milliseconds has a span of its own, with `compressSpans` too. Default: `50`.
   * @example compressMaxDurationMs: 10
   */
  compressMaxDurationMs?: number;
  /**
   * Make no span for an operation that took fewer milliseconds. A failure always has one. Default: `0`.
   * @example minDurationMs: 5
   */
  minDurationMs?: number;
  /**
   * Make a span for every `connect()` of a client, its nodes and pools included: `connect cache.example.com`.
   * Default: `false`.
   * @example connectSpans: true
   */
  connectSpans?: boolean;
  /**
   * Make a child span for every command of a transaction or pipeline. Without it there is one span for the batch.
   * Default: `false`.
   * @example batchCommands: true
   */
  batchCommands?: boolean;
  /**
   * Make a span for every message that reaches a subscriber, around its listeners, and for every `processSpan`.
   * Without it, both run in no span of ours. Default: `true`.
   * @example consumerSpans: false
   */
  consumerSpans?: boolean;
  /**
   * Add up on the span of the request, as its instrumentation of HTTP or our consumer spans make one, else on the
   * one that is active, what Redis cost it: `db.redis.calls`, `db.redis.duration_ms`, `cache.hit_count`,
   * `cache.miss_count`, `db.redis.errors`. Commands without a span are counted too. Default: `false`.
   * @example requestTotals: true
   */
  requestTotals?: boolean;
  /**
   * From how many milliseconds on a span says where its time went: `db.redis.queue_ms` in the client,
   * `db.redis.wire_ms` on the way and in Redis, `db.redis.event_loop_delay_ms` of both in which this process was
   * busy. `0`: every span; `false`: none. Default: `100`.
   * @example slowMs: 50
   */
  slowMs?: number | false;
  /**
   * Longest `db.query.text`, in characters: at least `16`, or `0` for no such attribute. Default: `1024`.
   * @example maxQueryTextLength: 256
   */
  maxQueryTextLength?: number;
  /**
   * Attributes beyond the default ones: `db.redis.key`, `db.redis.args_count`, `db.redis.queue_ms`,
   * `db.redis.wire_ms`, `db.redis.event_loop_delay_ms`. Default: none.
   * @example optionalAttributes: ['db.redis.key']
   */
  optionalAttributes?: readonly OptionalAttribute[];
  /**
   * Which names are written. `dup` writes those of before the stable conventions and of the guide too, in spans
   * and metrics; so does `OTEL_SEMCONV_STABILITY_OPT_IN=database/dup`. Default: `stable`.
   * @example semconv: 'dup'
   */
  semconv?: SemconvMode;
  /**
   * How keys, fields and channels are shown, wherever they appear: `safe` hides what could tell a secret or a
   * person; `full` shows them; `family` shows `user:{}`; `hidden` shows `?`, and so does a value that cannot be
   * read; in code also a function that returns what to show. Default: `safe`.
   * @example keys: 'family'
   */
  keys?: KeyMode;
  /**
   * Name the family of a key, as `user:{}` is of `user:7`, on spans of look-ups and in all cache metrics: learnt
   * from the keys, 200 at most, the rest is `_other`. A list of templates, or in code a function, answers for the
   * keys it knows, before anything is learnt: `{}` in a template stands for one character or more, but for its
   * separator (`:`, `/`, `|`, `#`); a function returns `undefined` for keys it does not know. With `keys:
   * 'hidden'` only these are named. Default: `true`.
   * @example keyFamilies: ['user:{}:cart', 'session:{}']
   */
  keyFamilies?: boolean | readonly string[] | ((key: string) => string | undefined);
  /**
   * Remember for a while which keys were missed and written, to tell how long loading takes, which misses come
   * together or are not filled by this process, and why a key was not there. Default: `true`.
   * @example cacheInsight: false
   */
  cacheInsight?: boolean;
  /**
   * Recognise locks: keys that are called one (`lock`, `mutex`, `lease` …), and those that were seen to be given
   * back or renewed by a script, WATCH or `DELEX` that compares their token. `false` looks for none; a pattern or
   * a list of them (`lock:*,*:mutex`), in code also a RegExp, says which keys are locks, and no others. Default:
   * `true`.
   * @example locks: ['lock:*', /:mutex$/]
   */
  locks?: boolean | string | RegExp | readonly (string | RegExp)[];
  /**
   * Channels whose messages carry the context and the baggage of their sender, as patterns of PSUBSCRIBE
   * (`orders:*`). What is sent on them changes: every subscriber needs this instrumentation with the same option,
   * for it takes the envelope off again; others get it in front of the message. Default: none.
   * @example propagateChannels: ['orders:*']
   */
  propagateChannels?: readonly string[];
  /**
   * Streams whose entries carry the context and the baggage of their sender in a field of its own, as patterns of
   * names (`orders:*`). XADD adds it as the last; what reads entries takes it off again, where this
   * instrumentation has the same option, and is recorded as the receiver of messages. Others see one field more.
   * Default: none.
   * @example propagateStreams: ['jobs:*']
   */
  propagateStreams?: readonly string[];
  /**
   * Record metrics where a meter provider is registered. Default: `true`.
   * @example metrics: false
   */
  metrics?: boolean;
  /**
   * Count in `db.client.operation.duration`, under `db.redis.internal` = `true`, what clients send by themselves:
   * the handshake of a connection, the topology of a cluster or sentinel, pings. No spans, no values. Default:
   * `false`.
   * @example internalCommands: true
   */
  internalCommands?: boolean;
  /**
   * Which client libraries are recorded: `redis` (node-redis, with its scoped packages), `ioredis`, `iovalkey`.
   * The others are left as they are. Default: all three.
   * @example clients: ['redis']
   */
  clients?: readonly ClientName[];
  /**
   * What to do about another OpenTelemetry instrumentation of redis in the process, such as the one of
   * `auto-instrumentations-node`: `takeover` takes its patches off, for good; `stand-down` leaves redis to it;
   * `both` records every command twice. It is reported once through `diag` in each case. Sentry, dd-trace, New
   * Relic and node-redis itself may record redis through diagnostics channels: those are left alone, and the
   * report says how to switch them off. Default: `takeover`.
   * @example onConflict: 'stand-down'
   */
  onConflict?: ConflictMode;
  /**
   * Names a span. What it returns is seen by everybody who sees spans. Default: the conventions' name.
   * @example spanName: ({ operation, defaultName }) => (operation === 'GET' ? 'read' : defaultName)
   */
  spanName?: (info: SpanNameInfo) => string;
  /**
   * Makes `db.query.text` in place of our redaction: it sees every argument, secrets included. Default: none.
   * @example dbStatementSerializer: (commandName, commandArgs) => [commandName, commandArgs.length].join(' ')
   */
  dbStatementSerializer?: (commandName: string, commandArgs: Array<string | Buffer>) => string;
  /**
   * Called with the span before it ends, whether the operation succeeded or failed. It sees arguments, reply and
   * error. Default: none.
   * @example spanHook: (span, { failed }) => void span.setAttribute('app.cache.failed', failed)
   */
  spanHook?: (span: Span, info: SpanInfo) => void;
  /**
   * Called with the span before it ends, when a command succeeded. It sees arguments and reply. Default: none.
   * @example responseHook: (span, commandName) => void span.setAttribute('app.command', commandName)
   */
  responseHook?: (span: Span, commandName: string, commandArgs: Array<string | Buffer>, response: unknown) => void;
}

/** Makes `db.query.text` of a command. */
export type DbStatementSerializer = NonNullable<RedisInstrumentationConfig['dbStatementSerializer']>;

/** Adds attributes of the user's own to a span, from what the command answered. */
export type RedisResponseCustomAttributeFunction = NonNullable<RedisInstrumentationConfig['responseHook']>;
