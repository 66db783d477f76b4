// Knows: which part of the options each module needs.
// Must not know: how options are read, what a module does with them.
import { type KeyMode, keyMask, lookup, OTHER_FAMILY, templatesMatcher } from '../catalog';
import { handleRejection } from '../core/application-functions';
import type { DeliverySettings } from '../core/delivery';
import type { Arguments, ClientFacts } from '../core/events';
import type { InsightSettings } from '../core/facts';
import type { OperationSettings } from '../core/operation';
import type { Report } from '../core/recorder';
import { TIMES } from './kinds';
import type { Environment, OptionValues } from './options';
import { commandMatcherOf, keyMatcherOf, matcherOf } from './patterns';
import type { RedisInstrumentationConfig } from './public';
import { readOptions } from './read';
import type { ClientName, ConflictMode } from './values';

/** Elements of a reply that are worth an attribute. */
const MANY_ROWS = 1_000;

/** The settings of the span recorder. */
export interface SpanSettings {
  readonly minDurationMs: number;
  /** Record only operations that need attention. */
  readonly isNotableOnly: boolean;
  /** Also record blocking reads that returned nothing and have no parent span. */
  readonly emptyPolls: boolean;
  /** Whether all keys of a command are to have no spans; undefined: all keys may have spans. */
  readonly isIgnoredKey: ((args: Arguments) => boolean) | undefined;
  /** Whether similar commands are collected, to be recorded as one span. */
  readonly isCollecting: boolean;
  /** The longest duration of a command that becomes part of a run, in milliseconds. */
  readonly compressMaxDurationMs: number;
  readonly batchCommands: boolean;
  readonly keys: KeyMode;
  /** 0: no text. */
  readonly maxQueryTextLength: number;
  readonly withKey: boolean;
  readonly withArgsCount: boolean;
  readonly withSummary: boolean;
  /** Replies with at least this number of elements have their number as an attribute. */
  readonly rowsFrom: number;
  /** From this duration on, in milliseconds, a span has the attributes of timing. */
  readonly slowMs: number;
  readonly withQueueMs: boolean;
  readonly withWireMs: boolean;
  readonly withEventLoopDelayMs: boolean;
  readonly oldNames: boolean;
  readonly spanName: RedisInstrumentationConfig['spanName'];
  readonly serializer: RedisInstrumentationConfig['dbStatementSerializer'];
  readonly spanHook: RedisInstrumentationConfig['spanHook'];
  readonly requestHook: RedisInstrumentationConfig['requestHook'];
  readonly responseHook: RedisInstrumentationConfig['responseHook'];
}

/** The settings of all modules: frozen, complete, checked. */
export interface Settings {
  readonly operation: OperationSettings;
  readonly messages: DeliverySettings;
  readonly insights: InsightSettings;
  /** Patterns of channels and streams whose messages carry the context of their sender. */
  readonly propagation: { readonly channels: readonly string[]; readonly streams: readonly string[] };
  readonly spans: SpanSettings;
  readonly traces: boolean;
  readonly requestTotals: boolean;
  readonly metrics: boolean;
  /** Also under the names of Redis's clients. */
  readonly redisClientMetrics: boolean;
  /** Which further attributes separate the durations of operations. */
  readonly series: { readonly byNode: boolean; readonly bySummary: boolean };
  readonly failureEvents: boolean;
  /** Which client libraries are recorded. */
  readonly clients: readonly ClientName[];
  readonly onConflict: ConflictMode;
}

/** Reads options and environment once. */
export function readSettings(config: RedisInstrumentationConfig, environment: Environment, report: Report): Settings {
  const options = readOptions(config, environment, report);
  const { requireParentSpan, consumerSpans, propagateChannels, propagateStreams, traces, requestTotals } = options;
  const { metrics, redisClientMetrics, failureEvents, clients, onConflict } = options;
  const settings = {
    operation: operationSettings(options, report),
    messages: { consumerSpans, requireParentSpan },
    insights: insightSettings(options),
    propagation: { channels: [...propagateChannels], streams: [...propagateStreams] },
    spans: spanSettings(options, report),
    traces,
    requestTotals,
    metrics,
    redisClientMetrics,
    series: { byNode: options.metricsByNode, bySummary: options.metricsBySummary },
    failureEvents,
    clients: [...clients],
    onConflict,
  };
  for (const part of Object.values(settings)) Object.freeze(part);
  return Object.freeze(settings);
}

function operationSettings(options: OptionValues, report: Report): OperationSettings {
  const { requireParentSpan, connectSpans, spansWhenParentUnsampled, internalCommands, optionalAttributes, slowMs } =
    options;
  return {
    requireParentSpan,
    connectSpans,
    spansWhenParentUnsampled,
    internalCommands,
    isIgnored: ignoredBy(options, report),
    timedFromMs: optionalAttributes.some((name) => TIMES.includes(name)) ? 0 : slowMs,
  };
}

function ignoredBy(
  { ignoreCommands, ignoreKeys, ignore }: OptionValues,
  report: Report,
): OperationSettings['isIgnored'] {
  const byHook: OperationSettings['isIgnored'] =
    ignore && ((args, facts) => isTrue(() => ignore(infoOf(args, facts)), report));
  const reasons = [matcherOf(ignoreCommands), commandMatcherOf(ignoreKeys), byHook].filter(
    (reason) => reason !== undefined,
  );
  if (reasons.length < 2) return reasons[0];
  return (...operation) => reasons.some((isIgnored) => isIgnored(...operation));
}

function infoOf(args: Arguments, facts: ClientFacts | undefined) {
  const { operation, from } = lookup(args);
  return {
    operation,
    args: args.slice(from),
    serverAddress: facts?.serverAddress,
    serverPort: facts?.serverPort,
    database: facts?.namespace,
  };
}

function isTrue(ask: () => unknown, report: Report): boolean {
  const threw = (error: unknown): void => report('the ignore hook threw; going on without it', error);
  try {
    const answer: unknown = ask();
    handleRejection(answer, threw);
    return answer === true;
  } catch (error) {
    threw(error);
    return false;
  }
}

function insightSettings({ keys, keyFamilies, cacheInsight, locks, batchCommands }: OptionValues): InsightSettings {
  return {
    families: typeof keyFamilies === 'boolean' ? keyFamilies && keys !== 'hidden' : true,
    familyOf:
      typeof keyFamilies === 'function'
        ? keyFamilies
        : Array.isArray(keyFamilies)
          ? templatesMatcher(keyFamilies)
          : undefined,
    familyOtherwise: familyThroughMask(keys),
    cache: cacheInsight,
    locks: locks !== false,
    isLockKey: typeof locks === 'boolean' ? undefined : keyMatcherOf(locks),
    members: batchCommands,
  };
}

/** A part of a key that the mode, or the application's own mask, hides must not show in its family. */
function familyThroughMask(keys: KeyMode): ((key: string) => string) | undefined {
  if (keys === 'hidden') return showNothing;
  // The span recorder has a mask of its own, which reports errors of the function.
  return typeof keys === 'function' ? keyMask(keys, () => {}) : undefined;
}

function showNothing(): string {
  return OTHER_FAMILY;
}

function spanSettings(options: OptionValues, report: Report): SpanSettings {
  const { ignoreKeys, spans, emptyPolls, compressSpans, compressMaxDurationMs, requestHook, responseHook } = options;
  const isHooked = requestHook !== undefined || responseHook !== undefined;
  // The hooks are called for every command, with a span of its own.
  if (compressSpans && isHooked) report('compressSpans has no effect with requestHook or responseHook');
  const { minDurationMs, batchCommands, keys, maxQueryTextLength, slowMs, semconv, optionalAttributes } = options;
  const oldNames = semconv === 'dup';
  return {
    minDurationMs,
    isNotableOnly: spans === 'notable',
    emptyPolls,
    isIgnoredKey: commandMatcherOf(ignoreKeys),
    isCollecting: (compressSpans || spans === 'notable') && !isHooked,
    compressMaxDurationMs,
    batchCommands,
    keys,
    maxQueryTextLength,
    withKey: oldNames || optionalAttributes.includes('db.redis.key'),
    withSummary: optionalAttributes.includes('db.query.summary'),
    rowsFrom: optionalAttributes.includes('db.response.returned_rows') ? 0 : MANY_ROWS,
    withArgsCount: oldNames || optionalAttributes.includes('db.redis.args_count'),
    slowMs,
    withQueueMs: optionalAttributes.includes('db.redis.queue_ms'),
    withWireMs: optionalAttributes.includes('db.redis.wire_ms'),
    withEventLoopDelayMs: optionalAttributes.includes('db.redis.event_loop_delay_ms'),
    oldNames,
    spanName: options.spanName,
    serializer: options.dbStatementSerializer,
    spanHook: options.spanHook,
    requestHook,
    responseHook,
  };
}
