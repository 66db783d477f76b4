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
  events: 'Log events',
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
    meaning: 'Record spans if a tracer provider is registered.',
    example: 'false',
  }),
  requireParentSpan: option(BOOLEAN, false, {
    section: 'spans',
    meaning: 'Record a span only below another span. Metrics count every command.',
    example: 'true',
  }),
  spansWhenParentUnsampled: option(BOOLEAN, false, {
    section: 'spans',
    meaning: 'Ask the sampler even if the parent span was sampled out, for samplers that decide each span separately.',
    example: 'true',
  }),
  ignoreCommands: option(COMMANDS, [], {
    section: 'spans',
    meaning:
      'Commands that get no span, by name in any case (`PING,CONFIG GET,MULTI`), in code also by RegExp. Scripts ' +
      'and functions also count by their own names. Metrics count them.',
    example: "['PING', /^CONFIG/]",
  }),
  ignore: option(functionOf<Given<'ignore'>>('(info: OperationInfo) => boolean'), undefined, {
    section: 'spans',
    meaning:
      'Returns `true` for a command or batch that gets no span. It is called before the command runs, or for a ' +
      'batch of one command after its reply, and gets every argument.',
    example: "({ operation, args }) => operation === 'GET' && String(args[0]).startsWith('probe:')",
  }),
  ignoreKeys: option(GLOBS, [], {
    section: 'spans',
    meaning:
      'Keys, as glob patterns of Redis (`bull:*`). A command or batch whose keys all match gets no span. ' +
      'Metrics count it.',
    more: '[In production](production.md)',
    example: "['bull:*', 'sess:*']",
  }),
  spans: option<SpanChoice>(SPANS, 'all', {
    section: 'spans',
    meaning:
      'Which operations get a span: `all`, or `notable`: failures, slow operations (`slowMs`), fills, lost ' +
      'locks, aborted transactions and repeated calls. With `requestTotals` the others are still counted.',
    more: '[In production](production.md)',
    example: "'notable'",
  }),
  emptyPolls: option(BOOLEAN, false, {
    section: 'spans',
    meaning: 'Record a span also for a blocking read that returned nothing and has no parent span.',
    example: 'true',
  }),
  compressSpans: option(BOOLEAN, false, {
    section: 'spans',
    meaning:
      'Record one span for commands that end one after another below the same parent, with the same operation, ' +
      'server, database and key family. It has no effect with `requestHook` and `responseHook`.',
    more: '[Composite spans](spans.md#composite-spans)',
    example: 'true',
  }),
  compressMaxDurationMs: option(MILLISECONDS, 50, {
    section: 'spans',
    meaning: 'A command that took longer, in milliseconds, has a span of its own even with `compressSpans`.',
    example: '10',
  }),
  minDurationMs: option(MILLISECONDS, 0, {
    section: 'spans',
    meaning: 'Record no span for an operation that took fewer milliseconds. A failure always has a span.',
    example: '5',
  }),
  connectSpans: option(BOOLEAN, false, {
    section: 'spans',
    meaning: 'Record a span for every `connect()` of a client, including its nodes and pools.',
    example: 'true',
  }),
  batchCommands: option(BOOLEAN, false, {
    section: 'spans',
    meaning: 'Record a child span for every command of a transaction or pipeline.',
    example: 'true',
  }),
  consumerSpans: option(BOOLEAN, true, {
    section: 'spans',
    meaning:
      'Record a span around the listeners of every message that reaches a subscriber, and for every `processSpan`.',
    example: 'false',
  }),
  requestTotals: option(BOOLEAN, false, {
    section: 'content',
    meaning:
      'Sum up the cost of Redis on the span of the request, with or without spans of commands: `db.redis.calls`, ' +
      '`db.redis.duration_ms`, `cache.hit_count`, `cache.miss_count`, `db.redis.errors`.',
    more: '[What Redis cost a request](spans.md#what-redis-cost-a-request)',
    example: 'true',
  }),
  slowMs: option(SLOW, 100, {
    section: 'content',
    meaning:
      'Spans of operations that took at least this many milliseconds say where the time was spent: ' +
      '`db.redis.queue_ms` in the client, `db.redis.wire_ms` on the network and in Redis, ' +
      '`db.redis.event_loop_delay_ms` in the event loop. `0`: every span; `false`: none.',
    more: '[Slow commands](cache.md#find-out-why-a-command-was-slow)',
    example: '50',
  }),
  maxQueryTextLength: option(TEXT_LENGTH, 1_024, {
    section: 'content',
    meaning: 'The maximum length of `db.query.text`, in characters: at least `16`, or `0` for no such attribute.',
    example: '256',
  }),
  optionalAttributes: option(OPTIONAL_ATTRIBUTES, [], {
    section: 'content',
    meaning:
      'Additional attributes: `db.redis.key`, `db.redis.args_count`, `db.query.summary` (`GET user:{}`), ' +
      '`db.response.returned_rows` (also of small collections), `db.redis.queue_ms`, `db.redis.wire_ms`, ' +
      '`db.redis.event_loop_delay_ms`.',
    example: "['db.redis.key']",
  }),
  semconv: option<SemconvMode>(SEMCONV, 'stable', {
    // The semantic conventions ask each instrumentation to read this variable itself.
    fallbackFrom: (environment) =>
      listOf(environment.OTEL_SEMCONV_STABILITY_OPT_IN ?? '').includes('database/dup') ? 'dup' : undefined,
    section: 'content',
    meaning:
      'Which names are written. `dup` also writes the names from before the stable conventions and those of the ' +
      'guide, in spans and metrics. `OTEL_SEMCONV_STABILITY_OPT_IN=database/dup` does the same.',
    more: '[The guide](guide.md)',
    example: "'dup'",
  }),
  keys: option(KEYS, 'safe', {
    section: 'cache',
    meaning:
      'How keys, fields and channels are shown, wherever they appear. `safe` hides segments that could reveal a ' +
      'secret or a person; `full` shows everything; `family` shows `user:{}`; `hidden` shows `?`, and so does ' +
      'an invalid value; in code also a function that returns the text to show.',
    more: '[Privacy](privacy.md)',
    example: "'family'",
  }),
  keyFamilies: option(KEY_FAMILIES, true, {
    section: 'cache',
    meaning:
      'Name the family of a key (`user:{}` for `user:7`) on spans of look-ups and in all cache metrics. Families ' +
      'are learnt from the keys, 200 at most; further ones are `_other`. A list of templates, or in code a ' +
      "function, decides for the keys, channels and streams that it knows. With `keys: 'hidden'` only these " +
      'families are named.',
    more: '[Families](cache.md#key-families)',
    example: "['user:{}:cart', 'session:{}']",
  }),
  cacheInsight: option(BOOLEAN, true, {
    section: 'cache',
    meaning:
      'Remember for some minutes which keys were missed and written. This shows how long loading takes, stampedes, ' +
      'unfilled misses, why a key was missing, and which writes get no time to live.',
    more: '[Cache](cache.md)',
    example: 'false',
  }),
  locks: option(LOCKS, true, {
    section: 'cache',
    meaning:
      'Recognise locks: keys whose name says so (`lock`, `mutex`, `lease` …), and keys that were released or ' +
      'renewed by comparing their token. `false` recognises none. A pattern or a list of patterns ' +
      '(`lock:*,*:mutex`), in code also a RegExp, defines which keys are locks, and no others are.',
    example: "['lock:*', /:mutex$/]",
  }),
  propagateChannels: option(GLOBS, [], {
    section: 'messages',
    meaning:
      'Channels whose messages carry the context and the baggage of their sender, as patterns of PSUBSCRIBE ' +
      '(`orders:*`). This changes the messages: every subscriber needs this instrumentation with the same ' +
      'option, which removes the envelope again. Other subscribers see the envelope before the message.',
    more: '[Messages](messages.md)',
    example: "['orders:*']",
  }),
  propagateStreams: option(GLOBS, [], {
    section: 'messages',
    meaning:
      'Streams whose entries carry the context and the baggage of their sender in an additional last field, as ' +
      'glob patterns of names (`orders:*`). With the same option, commands that read entries remove it again, and ' +
      'are recorded as receivers of messages. Other readers see one more field.',
    more: '[Messages](messages.md)',
    example: "['jobs:*']",
  }),
  metrics: option(BOOLEAN, true, {
    section: 'metrics',
    meaning: 'Record metrics if a meter provider is registered.',
    more: '[Metrics](metrics.md)',
    example: 'false',
  }),
  redisClientMetrics: option(BOOLEAN, true, {
    section: 'metrics',
    meaning:
      "Also record the metrics of Redis's own clients, under the names that Redis's dashboards use " +
      '(`redis.client.errors` and others), except those that node-redis itself records.',
    more: '[Metrics](metrics.md)',
    example: 'false',
  }),
  metricsByNode: option(BOOLEAN, true, {
    section: 'metrics',
    meaning:
      'Add the node that answered to `db.client.operation.duration` in clusters and sentinels: ' +
      '`network.peer.address` and `network.peer.port`. At most 64 nodes are named; further ones are `_OTHER`.',
    more: '[Metrics](metrics.md)',
    example: 'false',
  }),
  metricsBySummary: option(BOOLEAN, false, {
    section: 'metrics',
    meaning:
      'Add `db.query.summary` (`GET user:{}`) to `db.client.operation.duration`: one series for each command ' +
      'and key family. Raise the cardinality limit of the SDK, which is 2,000 series of a metric.',
    more: '[Metrics](metrics.md#reduce-the-number-of-series)',
    example: 'true',
  }),
  internalCommands: option(BOOLEAN, false, {
    section: 'metrics',
    meaning:
      'Count commands that clients send by themselves, in `db.client.operation.duration` with `db.redis.internal` ' +
      '= `true`: handshakes, topology, pings. They get no spans.',
    example: 'true',
  }),
  failureEvents: option(BOOLEAN, false, {
    // The semantic conventions ask each instrumentation to read this variable itself.
    fallbackFrom: ({ OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN: signals = '' }) =>
      listOf(signals).some((signal) => signal === 'logs' || signal === 'logs/dup') || undefined,
    section: 'events',
    meaning:
      'Write a log event for each failed command or batch, lost connection and lost lock, if a logger provider ' +
      'is registered. `OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN=logs` or `logs/dup` does the same.',
    more: '[Log events](events.md)',
    example: 'true',
  }),
  clients: option(CLIENTS, CLIENT_NAMES, {
    fallbackText: 'all three',
    section: 'process',
    meaning:
      'Which client libraries are recorded: `redis` (node-redis, with its scoped packages), `ioredis`, `iovalkey`.',
    more: '[Versions](versions.md)',
    example: "['redis']",
  }),
  onConflict: option(CONFLICT, 'takeover', {
    section: 'process',
    meaning:
      'What to do about another OpenTelemetry instrumentation of redis in the process, such as the one of ' +
      '`auto-instrumentations-node`. `takeover` removes its patches permanently; `stand-down` leaves redis to it; ' +
      '`both` records every command twice. Each case is reported once through `diag`. Tracers that use diagnostics ' +
      'channels are not changed.',
    more: '[With other tracers](distributions.md)',
    example: "'stand-down'",
  }),
  spanName: option(functionOf<Given<'spanName'>>('(info: SpanNameInfo) => string'), undefined, {
    fallbackText: "the conventions' name",
    section: 'hooks',
    meaning: 'Returns the name of a span. Everyone who can read spans sees it.',
    more: '[Spans](spans.md)',
    example: "({ operation, defaultName }) => (operation === 'GET' ? 'read' : defaultName)",
  }),
  dbStatementSerializer: option(
    functionOf<Given<'dbStatementSerializer'>>('(commandName: string, commandArgs: Array<string | Buffer>) => string'),
    undefined,
    {
      section: 'hooks',
      meaning: 'Returns `db.query.text` in place of our redaction. It gets every argument, secrets included.',
      example: "(commandName, commandArgs) => [commandName, commandArgs.length].join(' ')",
    },
  ),
  spanHook: option(functionOf<Given<'spanHook'>>('(span: Span, info: SpanInfo) => void'), undefined, {
    section: 'hooks',
    meaning:
      'Called with the span before it ends, whether the operation succeeded or failed. It gets arguments, reply ' +
      'and error.',
    example: "(span, { failed }) => void span.setAttribute('app.cache.failed', failed)",
  }),
  requestHook: option(functionOf<Given<'requestHook'>>('(span: Span, request: RequestInfo) => void'), undefined, {
    section: 'hooks',
    meaning:
      'Called with the span of a command before it ends, in the OpenTelemetry context of the caller. It gets every ' +
      'argument, secrets included.',
    more: '[Migration](migration.md)',
    example: "(span, { cmdName }) => void span.setAttribute('app.request', cmdName)",
  }),
  responseHook: option(
    functionOf<Given<'responseHook'>>(
      '(span: Span, commandName: string, commandArgs: Array<string | Buffer>, response: unknown) => void',
    ),
    undefined,
    {
      section: 'hooks',
      meaning: 'Called with the span before it ends, if the command succeeded. It gets arguments and reply.',
      example: "(span, commandName) => void span.setAttribute('app.command', commandName)",
    },
  ),
};

export type OptionName = keyof typeof OPTIONS;

/** The values of all options, checked and complete. */
export type OptionValues = { readonly [Name in OptionName]: (typeof OPTIONS)[Name]['fallback'] };

/** All environment variables of options begin so. */
export const VARIABLES = 'OTEL_INSTRUMENTATION_REDIS_';

/** The environment variable of an option. */
export function variableOf(name: string): string {
  return `${VARIABLES}${name.replace(/[A-Z]/g, '_$&').toUpperCase()}`;
}
