// Knows: every option, its environment variable and its default; bad values end here.
// Must not know: what an option changes.
import type { Span } from '@opentelemetry/api';
import type { InstrumentationConfig } from '@opentelemetry/instrumentation';
import { familyOf, type KeyMode, keyMask, OTHER_FAMILY } from './catalog';
import {
  BOOLEAN,
  CONFLICT,
  functionOf,
  KEY_FAMILY,
  KEYS,
  type Kind,
  LOCKS,
  listOf,
  MILLISECONDS,
  NAMES,
  OPTIONAL_ATTRIBUTES,
  PATTERNS,
  SEMCONV,
  SLOW,
  TEXT_LENGTH,
  TIMES,
} from './config/kinds';
import { keyMatcherOf, matcherOf } from './config/patterns';
import type { DeliverySettings } from './core/delivery';
import type { InsightSettings } from './core/facts';
import type { OperationSettings } from './core/operation';
import type { Report } from './core/recorder';

/** Attributes that are written only when asked for. */
export type OptionalAttribute =
  | 'db.redis.key'
  | 'db.redis.args_count'
  | 'db.redis.queue_ms'
  | 'db.redis.wire_ms'
  | 'db.redis.event_loop_delay_ms';

/** `stable`: today's names only. `dup`: the names of before the stable conventions as well. */
export type SemconvMode = 'stable' | 'dup';

/** What to do about another OpenTelemetry instrumentation of redis in the process. */
export type ConflictMode = 'takeover' | 'stand-down' | 'both';

/** What a `spanName` hook is told. It never sees an argument. */
export interface SpanNameInfo {
  /** `db.operation.name`, for a batch `MULTI GET`, `PIPELINE` … */
  readonly operation: string;
  /** The name the span has without the hook. */
  readonly defaultName: string;
}

/**
 * Options of {@link RedisInstrumentation}. Each but the functions can be given by the environment variable
 * `OTEL_INSTRUMENTATION_REDIS_<NAME_IN_UPPER_SNAKE_CASE>` too; code wins. A value of the wrong type is
 * reported once through `diag` and the default is used.
 */
export interface RedisInstrumentationConfig extends InstrumentationConfig {
  /** Make spans only below another span. Metrics count all the same. Default `false`. */
  requireParentSpan?: boolean;
  /** Ask the sampler even when the parent span was sampled out. For samplers that decide per span. Default `false`. */
  spansWhenParentUnsampled?: boolean;
  /** Commands that get no span, by name in any case (`PING`, `CONFIG GET`, `MULTI`), or patterns of names. Default none. */
  ignoreCommands?: readonly (string | RegExp)[];
  /** Make no span for an operation faster than this, in milliseconds; errors are always kept. Default `0`. */
  minDurationMs?: number;
  /** A span for every `connect()` of a client, its nodes and pools included: `connect cache.example.com`. Default `false`. */
  connectSpans?: boolean;
  /**
   * From how many milliseconds on a span says where its time went: `db.redis.queue_ms` in the client, `db.redis.wire_ms`
   * on the way and in Redis, `db.redis.event_loop_delay_ms` of both in which this process was busy. `0`: every span;
   * `false`: none. Default `100`.
   */
  slowMs?: number | false;
  /** A child span for every command of a transaction or pipeline. Default `false`: one span a batch. */
  batchCommands?: boolean;
  /**
   * How keys, fields and channels are shown, wherever they appear: `safe` hides segments that look like an
   * e-mail address, a JWT or a token of 20 or more characters; `full` shows them; `family` shows `user:{}`;
   * `hidden` shows `?`; a function returns what to show. Default `safe`.
   */
  keys?: KeyMode;
  /**
   * The family of a key, as `user:{}` is of `user:7`: on spans of look-ups and in all cache metrics. A function answers
   * for the keys it knows and returns undefined for the others; `false` names no families. With `keys: 'hidden'` only
   * the families of a function are named. Default `true`: learnt from the keys, 200 at most, the rest is `_other`.
   */
  keyFamily?: boolean | ((key: string) => string | undefined);
  /**
   * Remember for a while which keys were missed and written, to tell how long loading takes, which misses come
   * together or are never filled, and why a key was not there. Default `true`.
   */
  cacheInsight?: boolean;
  /**
   * Recognise locks by what is done to a key: `SET … NX` with an expiry, `SETNX` and `EXPIRE`, scripts that compare and
   * delete. `false` looks for none; a pattern (`lock:*` or a RegExp) or a list of them says which keys can be locks.
   * Default `true`.
   */
  locks?: boolean | string | RegExp | readonly (string | RegExp)[];
  /** Longest `db.query.text`, in characters. Default `1024`, at least `16`. */
  maxQueryTextLength?: number;
  /** Attributes beyond the default ones. Default none. */
  optionalAttributes?: readonly OptionalAttribute[];
  /** Which names are written. Default `stable`, or `dup` if OTEL_SEMCONV_STABILITY_OPT_IN has `database/dup`. */
  semconv?: SemconvMode;
  /**
   * Channels whose messages carry the context and the baggage of their sender, as patterns of PSUBSCRIBE
   * (`orders:*`). What is sent on them changes: every subscriber needs this instrumentation with the same option, for
   * it takes the envelope off again; others get it in front of the message. Default none.
   */
  propagate?: readonly string[];
  /**
   * Streams whose entries carry the context and the baggage of their sender in a field of its own, as patterns of names
   * (`orders:*`). XADD adds it as the last; what reads entries takes it off again, where this instrumentation has the same
   * option, and is recorded as the receiver of messages. Others see one field more. Default none.
   */
  propagateStreams?: readonly string[];
  /** A span for every message that is delivered to a subscriber, around its listeners, and for every `processSpan`. Default `true`. */
  consumerSpans?: boolean;
  /** Record metrics where a MeterProvider is registered. Default `true`. */
  metrics?: boolean;
  /**
   * Count in `db.client.operation.duration`, under `db.redis.internal=true`, what clients send by themselves: the
   * handshake of a connection, the topology of a cluster or sentinel, pings. No spans, no values. Default `false`.
   */
  internalCommands?: boolean;
  /**
   * What to do about another OpenTelemetry instrumentation of redis in the process, such as the one of
   * `auto-instrumentations-node`: `takeover` takes its patches off, for good; `stand-down` leaves redis to it; `both`
   * records every command twice. Reported once through `diag` in each case. Default `takeover`.
   */
  onConflict?: ConflictMode;
  /** Names a span. What it returns is seen by everybody who sees spans. Default: the conventions' name. */
  spanName?: (info: SpanNameInfo) => string;
  /** Makes `db.query.text` in place of our redaction: it sees every argument, secrets included. Default none. */
  dbStatementSerializer?: (commandName: string, commandArgs: Array<string | Buffer>) => string;
  /** Called with the span before it ends, when a command succeeded. It sees arguments and reply. Default none. */
  responseHook?: (span: Span, commandName: string, commandArgs: Array<string | Buffer>, response: unknown) => void;
}

/** The part of the settings the span recorder needs. */
export interface SpanSettings {
  readonly minDurationMs: number;
  readonly batchCommands: boolean;
  readonly keys: KeyMode;
  readonly maxQueryTextLength: number;
  readonly withKey: boolean;
  readonly withArgsCount: boolean;
  /** How long an operation takes whose span says where the time went. */
  readonly slowMs: number;
  readonly withQueueMs: boolean;
  readonly withWireMs: boolean;
  readonly withEventLoopDelayMs: boolean;
  readonly oldNames: boolean;
  readonly spanName: RedisInstrumentationConfig['spanName'];
  readonly serializer: RedisInstrumentationConfig['dbStatementSerializer'];
  readonly responseHook: RedisInstrumentationConfig['responseHook'];
}

/** What the rooms get: frozen, complete, checked. */
export interface Settings {
  readonly operation: OperationSettings;
  readonly messages: DeliverySettings;
  readonly insights: InsightSettings;
  /** Patterns of channels and streams whose messages carry the context of their sender. */
  readonly propagation: { readonly channels: readonly string[]; readonly streams: readonly string[] };
  readonly spans: SpanSettings;
  readonly metrics: boolean;
  readonly onConflict: ConflictMode;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads options and environment once. */
export function readSettings(config: RedisInstrumentationConfig, environment: Environment, report: Report): Settings {
  const read = <T>(option: keyof RedisInstrumentationConfig, kind: Kind<T>, fallback: T): T =>
    readOption(config, environment, report, option, kind, fallback);
  const optionalAttributes = read('optionalAttributes', OPTIONAL_ATTRIBUTES, []);
  const keys = read('keys', KEYS, 'safe');
  const keyFamily = read('keyFamily', KEY_FAMILY, true);
  const locks = read('locks', LOCKS, true);
  const batchCommands = read('batchCommands', BOOLEAN, false);
  const semconv = read('semconv', SEMCONV, optsIntoOldNames(environment) ? 'dup' : 'stable');
  const requireParentSpan = read('requireParentSpan', BOOLEAN, false);
  const slowMs = read('slowMs', SLOW, 100);
  return Object.freeze({
    operation: Object.freeze({
      requireParentSpan,
      connectSpans: read('connectSpans', BOOLEAN, false),
      spansWhenParentUnsampled: read('spansWhenParentUnsampled', BOOLEAN, false),
      internalCommands: read('internalCommands', BOOLEAN, false),
      isIgnored: matcherOf(read('ignoreCommands', PATTERNS, [])),
      timedFromMs: optionalAttributes.some((name) => TIMES.includes(name)) ? 0 : slowMs,
    }),
    messages: Object.freeze({ consumerSpans: read('consumerSpans', BOOLEAN, true), requireParentSpan }),
    insights: Object.freeze({
      families: typeof keyFamily === 'function' || (keyFamily && keys !== 'hidden'),
      familyOf: typeof keyFamily === 'function' ? keyFamily : undefined,
      familyOtherwise: familyThroughMask(keys),
      cache: read('cacheInsight', BOOLEAN, true),
      locks: locks !== false,
      isLockKey: typeof locks === 'boolean' ? undefined : keyMatcherOf(locks),
      members: batchCommands,
    }),
    propagation: Object.freeze({
      channels: Object.freeze([...read('propagate', NAMES, [])]),
      streams: Object.freeze([...read('propagateStreams', NAMES, [])]),
    }),
    spans: Object.freeze({
      minDurationMs: read('minDurationMs', MILLISECONDS, 0),
      batchCommands,
      keys,
      maxQueryTextLength: read('maxQueryTextLength', TEXT_LENGTH, 1_024),
      withKey: optionalAttributes.includes('db.redis.key'),
      withArgsCount: optionalAttributes.includes('db.redis.args_count'),
      slowMs,
      withQueueMs: optionalAttributes.includes('db.redis.queue_ms'),
      withWireMs: optionalAttributes.includes('db.redis.wire_ms'),
      withEventLoopDelayMs: optionalAttributes.includes('db.redis.event_loop_delay_ms'),
      oldNames: semconv === 'dup',
      spanName: read('spanName', functionOf<NonNullable<RedisInstrumentationConfig['spanName']>>(), undefined),
      serializer: read('dbStatementSerializer', functionOf<NonNullable<RedisInstrumentationConfig['dbStatementSerializer']>>(), undefined),
      responseHook: read('responseHook', functionOf<NonNullable<RedisInstrumentationConfig['responseHook']>>(), undefined),
    }),
    metrics: read('metrics', BOOLEAN, true),
    onConflict: read('onConflict', CONFLICT, 'takeover'),
  });
}

function readOption<T>(
  config: RedisInstrumentationConfig,
  environment: Environment,
  report: Report,
  option: keyof RedisInstrumentationConfig,
  kind: Kind<T>,
  fallback: T,
): T {
  const given: unknown = config[option];
  if (given !== undefined) {
    const value = kind.fromCode(given);
    if (value !== undefined) return value;
    report(`option ${option}: expected ${kind.expects}, got ${describe(given)}; using the default`);
    return fallback;
  }
  const variable = `OTEL_INSTRUMENTATION_REDIS_${option.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
  const text = environment[variable]?.trim();
  if (text === undefined || text === '') return fallback;
  const value = kind.fromText?.(text);
  if (value !== undefined) return value;
  report(`${variable}: ${kind.fromText ? `expected ${kind.expects}` : 'can be given in code only'}; using the default`);
  return fallback;
}

/** The kind of a bad value; never the value, which may be a secret in the wrong variable. */
function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** What is hidden of a key, by the mode or by the application's own mask, must not show in its family. */
function familyThroughMask(keys: KeyMode): ((key: string) => string) | undefined {
  if (keys === 'hidden') return () => OTHER_FAMILY;
  if (typeof keys !== 'function') return undefined;
  // The recorder of spans has a mask of its own, which reports what is wrong with the function.
  const mask = keyMask(keys, () => {});
  return (key) => familyOf(mask(key));
}

function optsIntoOldNames(environment: Environment): boolean {
  return listOf(environment.OTEL_SEMCONV_STABILITY_OPT_IN ?? '').includes('database/dup');
}
