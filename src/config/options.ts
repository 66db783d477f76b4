// Knows: every option: its type, its default, what it means. From this table come the types that applications see
// (public.ts), docs/options.md and options.schema.json, by `npm run options`.
// Must not know: what an option changes.
import {
  BOOLEAN,
  CLIENT_NAMES,
  CLIENTS,
  COMMANDS,
  CONFLICT,
  functionOf,
  GLOBS,
  KEY_FAMILIES,
  KEYS,
  type Kind,
  LOCKS,
  listOf,
  MILLISECONDS,
  OPTIONAL_ATTRIBUTES,
  SEMCONV,
  SLOW,
  SPANS,
  TEXT_LENGTH,
} from './kinds';
import type { RedisInstrumentationConfig } from './public';
import type { SemconvMode, SpanChoice } from './values';

export type Environment = Readonly<Record<string, string | undefined>>;

/** One row of the table. Texts are Markdown. */
export interface Option<T> {
  readonly kind: Kind<T>;
  readonly fallback: T;
  /** The default in words, if the value is not enough. */
  readonly fallbackText?: string;
  /** A default that another environment variable may give. */
  readonly fallbackFrom?: (environment: Environment) => T | undefined;
  /** The heading of docs/options.md that contains the option. */
  readonly section: Section;
  readonly meaning: string;
  /** A link from docs/options.md to more text. */
  readonly more?: string;
  /** A value, in TypeScript. */
  readonly example: string;
}

export const SECTIONS = {
  spans: 'Which spans there are',
  content: 'What spans tell',
  cache: 'Keys, caches and locks',
  messages: 'Messages',
  metrics: 'Metrics',
  hooks: 'Functions',
  process: 'Other instrumentations',
} as const;

export type Section = keyof typeof SECTIONS;

type Given<Name extends keyof RedisInstrumentationConfig> = NonNullable<RedisInstrumentationConfig[Name]>;

/** Keeps the type of the value, for readers of options. */
function option<T>(kind: Kind<T>, fallback: T, row: Omit<Option<T>, 'kind' | 'fallback'>): Option<T> {
  return { kind, fallback, ...row };
}

export const OPTIONS = {
  traces: option(BOOLEAN, true, {
    section: 'spans',
    meaning: 'Make spans where a tracer provider is registered.',
    example: 'false',
  }),
  requireParentSpan: option(BOOLEAN, false, {
    section: 'spans',
    meaning: 'Make spans only below another span. Metrics count all the same.',
    example: 'true',
  }),
  spansWhenParentUnsampled: option(BOOLEAN, false, {
    section: 'spans',
    meaning: 'Ask the sampler even when the parent span was sampled out. For samplers that decide span by span.',
    example: 'true',
  }),
  ignoreCommands: option(COMMANDS, [], {
    section: 'spans',
    meaning:
      'Commands that get no span, by name in any case (`PING,CONFIG GET,MULTI`), or in code also by patterns of names. A batch of one is that command. Metrics count them.',
    example: "['PING', /^CONFIG/]",
  }),
  ignore: option(functionOf<Given<'ignore'>>('(info: OperationInfo) => boolean'), undefined, {
    section: 'spans',
    meaning:
      'Returns `true` for a command or batch that gets no span. It is asked before the command runs, after `ignoreCommands`, and sees every argument. A batch of one command is asked about as that command, when it has been answered.',
    example: "({ operation, args }) => operation === 'GET' && String(args[0]).startsWith('probe:')",
  }),
  ignoreKeys: option(GLOBS, [], {
    section: 'spans',
    meaning: 'Keys, as patterns of Redis (`bull:*`): a command or batch that concerns no others gets no span. Metrics count it.',
    more: '[In production](production.md)',
    example: "['bull:*', 'sess:*']",
  }),
  spans: option<SpanChoice>(SPANS, 'all', {
    section: 'spans',
    meaning:
      'Which operations get a span: `all`, or `notable`: failures, slow operations (`slowMs`), fills, lost locks, aborted transactions and calls that repeat. With `requestTotals` the rest is still accounted for.',
    more: '[In production](production.md)',
    example: "'notable'",
  }),
  emptyPolls: option(BOOLEAN, false, {
    section: 'spans',
    meaning:
      'Make a span also for a blocking read that waited in vain and has no parent span, as workers make them for ever. Metrics count it either way.',
    example: 'true',
  }),
  compressSpans: option(BOOLEAN, false, {
    section: 'spans',
    meaning:
      'Make one span of commands that end one after another below the same parent, with the same operation, server, database and key family. Metrics count every one. It has no effect with `responseHook`.',
    more: '[Composite spans](spans.md#composite-spans)',
    example: 'true',
  }),
  compressMaxDurationMs: option(MILLISECONDS, 50, {
    section: 'spans',
    meaning: 'A command that took more milliseconds has a span of its own, with `compressSpans` too.',
    example: '10',
  }),
  minDurationMs: option(MILLISECONDS, 0, {
    section: 'spans',
    meaning: 'Make no span for an operation that took fewer milliseconds. A failure always has one.',
    example: '5',
  }),
  connectSpans: option(BOOLEAN, false, {
    section: 'spans',
    meaning: 'Make a span for every `connect()` of a client, its nodes and pools included: `connect cache.example.com`.',
    example: 'true',
  }),
  batchCommands: option(BOOLEAN, false, {
    section: 'spans',
    meaning: 'Make a child span for every command of a transaction or pipeline. Without it there is one span for the batch.',
    example: 'true',
  }),
  consumerSpans: option(BOOLEAN, true, {
    section: 'spans',
    meaning:
      'Make a span for every message that reaches a subscriber, around its listeners, and for every `processSpan`. Without it, both run in no span of ours.',
    example: 'false',
  }),
  requestTotals: option(BOOLEAN, false, {
    section: 'content',
    meaning:
      'Add up on the span of the request, as its instrumentation of HTTP or our consumer spans make one, else on the one that is active, what Redis cost it: `db.redis.calls`, `db.redis.duration_ms`, `cache.hit_count`, `cache.miss_count`, `db.redis.errors`. Commands without a span are counted too.',
    more: '[What Redis cost a request](spans.md#what-redis-cost-a-request)',
    example: 'true',
  }),
  slowMs: option(SLOW, 100, {
    section: 'content',
    meaning:
      'From how many milliseconds on a span says where its time went: `db.redis.queue_ms` in the client, `db.redis.wire_ms` on the way and in Redis, `db.redis.event_loop_delay_ms` of both in which this process was busy. `0`: every span; `false`: none.',
    more: '[Slow commands](cache.md#find-out-why-a-command-was-slow)',
    example: '50',
  }),
  maxQueryTextLength: option(TEXT_LENGTH, 1_024, {
    section: 'content',
    meaning: 'Longest `db.query.text`, in characters: at least `16`, or `0` for no such attribute.',
    example: '256',
  }),
  optionalAttributes: option(OPTIONAL_ATTRIBUTES, [], {
    section: 'content',
    meaning:
      'Attributes beyond the default ones: `db.redis.key`, `db.redis.args_count`, `db.redis.queue_ms`, `db.redis.wire_ms`, `db.redis.event_loop_delay_ms`.',
    example: "['db.redis.key']",
  }),
  semconv: option<SemconvMode>(SEMCONV, 'stable', {
    // The semantic conventions ask each instrumentation to read this variable itself.
    fallbackFrom: (environment) => (listOf(environment.OTEL_SEMCONV_STABILITY_OPT_IN ?? '').includes('database/dup') ? 'dup' : undefined),
    section: 'content',
    meaning:
      'Which names are written. `dup` writes those of before the stable conventions and of the guide too, in spans and metrics; so does `OTEL_SEMCONV_STABILITY_OPT_IN=database/dup`.',
    more: '[The guide](guide.md)',
    example: "'dup'",
  }),
  keys: option(KEYS, 'safe', {
    section: 'cache',
    meaning:
      'How keys, fields and channels are shown, wherever they appear: `safe` hides what could tell a secret or a person; `full` shows them; `family` shows `user:{}`; `hidden` shows `?`, and so does a value that cannot be read; in code also a function that returns what to show.',
    more: '[Privacy](privacy.md)',
    example: "'family'",
  }),
  keyFamilies: option(KEY_FAMILIES, true, {
    section: 'cache',
    meaning:
      "Name the family of a key, as `user:{}` is of `user:7`, on spans of look-ups and in all cache metrics: learnt from the keys, 200 at most, the rest is `_other`. A list of templates, or in code a function, answers for the keys it knows, before anything is learnt: `{}` in a template stands for one character or more, but for its separator (`:`, `/`, `|`, `#`); a function returns `undefined` for keys it does not know. With `keys: 'hidden'` only these are named.",
    more: '[Families](cache.md)',
    example: "['user:{}:cart', 'session:{}']",
  }),
  cacheInsight: option(BOOLEAN, true, {
    section: 'cache',
    meaning:
      'Remember for a while which keys were missed and written, to tell how long loading takes, which misses come together or are not filled by this process, and why a key was not there.',
    more: '[Cache](cache.md)',
    example: 'false',
  }),
  locks: option(LOCKS, true, {
    section: 'cache',
    meaning:
      'Recognise locks: keys that are called one (`lock`, `mutex`, `lease` …), and those that were seen to be given back or renewed by a script, WATCH or `DELEX` that compares their token. `false` looks for none; a pattern or a list of them (`lock:*,*:mutex`), in code also a RegExp, says which keys are locks, and no others.',
    example: "['lock:*', /:mutex$/]",
  }),
  propagateChannels: option(GLOBS, [], {
    section: 'messages',
    meaning:
      'Channels whose messages carry the context and the baggage of their sender, as patterns of PSUBSCRIBE (`orders:*`). What is sent on them changes: every subscriber needs this instrumentation with the same option, for it takes the envelope off again; others get it in front of the message.',
    more: '[Messages](messages.md)',
    example: "['orders:*']",
  }),
  propagateStreams: option(GLOBS, [], {
    section: 'messages',
    meaning:
      'Streams whose entries carry the context and the baggage of their sender in a field of its own, as patterns of names (`orders:*`). XADD adds it as the last; what reads entries takes it off again, where this instrumentation has the same option, and is recorded as the receiver of messages. Others see one field more.',
    more: '[Messages](messages.md)',
    example: "['jobs:*']",
  }),
  metrics: option(BOOLEAN, true, {
    section: 'metrics',
    meaning: 'Record metrics where a meter provider is registered.',
    more: '[Metrics](metrics.md)',
    example: 'false',
  }),
  internalCommands: option(BOOLEAN, false, {
    section: 'metrics',
    meaning:
      'Count in `db.client.operation.duration`, under `db.redis.internal` = `true`, what clients send by themselves: the handshake of a connection, the topology of a cluster or sentinel, pings. No spans, no values.',
    example: 'true',
  }),
  clients: option(CLIENTS, CLIENT_NAMES, {
    fallbackText: 'all three',
    section: 'process',
    meaning:
      'Which client libraries are recorded: `redis` (node-redis, with its scoped packages), `ioredis`, `iovalkey`. The others are left as they are.',
    more: '[Versions](versions.md)',
    example: "['redis']",
  }),
  onConflict: option(CONFLICT, 'takeover', {
    section: 'process',
    meaning:
      'What to do about another OpenTelemetry instrumentation of redis in the process, such as the one of `auto-instrumentations-node`: `takeover` takes its patches off, for good; `stand-down` leaves redis to it; `both` records every command twice. It is reported once through `diag` in each case. Sentry, dd-trace, New Relic and node-redis itself may record redis through diagnostics channels: those are left alone, and the report says how to switch them off.',
    more: '[Distributions](distributions.md)',
    example: "'stand-down'",
  }),
  spanName: option(functionOf<Given<'spanName'>>('(info: SpanNameInfo) => string'), undefined, {
    fallbackText: "the conventions' name",
    section: 'hooks',
    meaning: 'Names a span. What it returns is seen by everybody who sees spans.',
    more: '[Spans](spans.md)',
    example: "({ operation, defaultName }) => (operation === 'GET' ? 'read' : defaultName)",
  }),
  dbStatementSerializer: option(
    functionOf<Given<'dbStatementSerializer'>>('(commandName: string, commandArgs: Array<string | Buffer>) => string'),
    undefined,
    {
      section: 'hooks',
      meaning: 'Makes `db.query.text` in place of our redaction: it sees every argument, secrets included.',
      example: "(commandName, commandArgs) => [commandName, commandArgs.length].join(' ')",
    },
  ),
  spanHook: option(functionOf<Given<'spanHook'>>('(span: Span, info: SpanInfo) => void'), undefined, {
    section: 'hooks',
    meaning: 'Called with the span before it ends, whether the operation succeeded or failed. It sees arguments, reply and error.',
    example: "(span, { failed }) => void span.setAttribute('app.cache.failed', failed)",
  }),
  responseHook: option(
    functionOf<Given<'responseHook'>>('(span: Span, commandName: string, commandArgs: Array<string | Buffer>, response: unknown) => void'),
    undefined,
    {
      section: 'hooks',
      meaning: 'Called with the span before it ends, when a command succeeded. It sees arguments and reply.',
      example: "(span, commandName) => void span.setAttribute('app.command', commandName)",
    },
  ),
};

export type OptionName = keyof typeof OPTIONS;

/** The values of all options, checked and complete. */
export type OptionValues = { readonly [Name in OptionName]: (typeof OPTIONS)[Name]['fallback'] };

/** The environment variable of an option. */
export function variableOf(name: string): string {
  return `OTEL_INSTRUMENTATION_REDIS_${name.replace(/[A-Z]/g, '_$&').toUpperCase()}`;
}
