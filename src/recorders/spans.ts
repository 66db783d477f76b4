// Knows: how an operation is recorded as a span.
// Must not know: clients, redis versions, patches, metrics.
import { type Context, type Span, SpanKind, type Tracer, trace } from '@opentelemetry/api';
import { type Entry, type KeyMask, keyIndexOf, keyMask, lookup, mayWait, procedureName } from '../catalog';
import type { SpanSettings } from '../config';
import type {
  Arguments,
  Batch,
  BatchKind,
  BatchOutcome,
  BatchStart,
  ClientFacts,
  Command,
  Connecting,
  Outcome,
  ProcessOutcome,
} from '../core/events';
import type { BatchFacts, Facts } from '../core/facts';
import type { Report } from '../core/recorder';
import type { ReplyShapes } from '../core/replies';
import * as semconv from '../core/semconv';
import { outcomeAt } from '../core/settled';
import { classify } from '../insights/errors';
import { rowsOf } from '../insights/rows';
import {
  addBatchFills,
  addBatchLock,
  addCache,
  addComposite,
  addLock,
  addLookup,
  addOldBatchNames,
  addResends,
  addTiming,
  linksTo,
  nameFor,
  plainAttributes,
  querySummary,
  setData,
  setFamily,
  setRepetition,
  spanAttributes,
} from './attributes';
import { Hooks } from './hooks';
import {
  addMessaging,
  type DestinationMasks,
  linksToSenders,
  type Messaging,
  messagingName,
  messagingOf,
} from './messaging';
import { QueryTexts } from './query-texts';
import type { CompositeRecorder, Run } from './run';
import { SpanSelection } from './selection';
import { optionsFor, SpanWriter } from './span-writer';
import type { Repetition } from './traced';

const SUCCEEDED = { failed: false, error: undefined };

/** The name of a span that is not about a command. */
const CONNECT = 'connect';

/**
 * Spans are created when the outcome is known, with their start time and all attributes. So a sampler sees hit and
 * error, the outcome can decide whether there is a span, and no span stays open if a command is never answered.
 */
export class SpanRecorder implements CompositeRecorder {
  private readonly mask: KeyMask;
  private readonly destinations: DestinationMasks;
  /** undefined: no part of a key may be shown. */
  private readonly families: KeyMask | undefined;
  private readonly selection: SpanSelection;
  private readonly hooks: Hooks;
  private readonly texts: QueryTexts;
  private readonly writer: SpanWriter;

  /**
   * @param tracer the current tracer; undefined: no provider is registered
   * @param family the mask of channels and streams in names, shared by all recorders
   */
  constructor(
    private readonly settings: SpanSettings,
    private readonly tracer: () => Tracer | undefined,
    family: KeyMask,
    report: Report,
    replies?: ReplyShapes,
  ) {
    this.mask = keyMask(settings.keys, report);
    this.selection = new SpanSelection(settings);
    this.writer = new SpanWriter(settings.oldNames);
    this.destinations = { name: this.mask, family };
    this.families = settings.keys === 'hidden' ? undefined : family;
    this.hooks = new Hooks(settings, report, replies);
    this.texts = new QueryTexts(settings, this.mask, this.hooks);
  }

  isActive(): boolean {
    return this.tracer() !== undefined;
  }

  command(command: Command, outcome: Outcome, facts: Facts, repeated?: Repetition): void {
    if (command.inside === undefined && !this.selection.command(command, outcome, facts, repeated)) return;
    const tracer = this.tracer();
    if (tracer !== undefined) this.recordCommand(tracer, command, outcome, facts, repeated);
  }

  composite(run: Run, family: string | undefined): void {
    if (!this.selection.composite(run)) return;
    const { first, startTimeMs, durationMs, repeated } = run;
    const { facts } = first.client;
    const { operation } = run.facts;
    const entry = lookup(first.args);
    const procedure = procedureName(entry, first.args, this.mask, first.procedure);
    const text = this.texts.ofRun(entry, run.commonArguments(family));
    const attributes = spanAttributes(operation, facts, text, undefined);
    if (procedure !== undefined) attributes[semconv.ATTR_DB_STORED_PROCEDURE_NAME] = procedure;
    addComposite(attributes, run);
    if (repeated !== undefined) attributes[semconv.ATTR_REDIS_REPEATED_CALLS] = repeated.count;
    const name = this.hooks.spanName(operation, nameFor(operation, procedure, facts));
    const options = optionsFor(SpanKind.CLIENT, startTimeMs, attributes);
    const span = this.writer.start(run.tracer, name, options, first.context);
    for (const miss of run.missHandles) miss.span = span.spanContext();
    if (family !== undefined) span.setAttribute(semconv.ATTR_REDIS_KEY_FAMILY, family);
    this.hooks.ended?.(span, operation, [first.args], run.count, { ...SUCCEEDED, durationMs }, undefined);
    this.writer.finish(span, startTimeMs, durationMs, undefined);
  }

  batch(batch: Batch, outcome: BatchOutcome, digest: BatchFacts): void {
    if (batch.inside === undefined && !this.selection.batch(batch, outcome, digest)) return;
    const tracer = this.tracer();
    if (tracer === undefined) return;
    const { facts } = batch.client;
    const { commands } = batch;
    const attributes = spanAttributes(digest.operation, facts, this.texts.ofBatch(commands), digest.failure);
    // Semantic conventions: a batch of one command has no size.
    const size = batch.size ?? commands.length;
    if (size !== 1) attributes[semconv.ATTR_DB_OPERATION_BATCH_SIZE] = size;
    if (this.settings.oldNames)
      addOldBatchNames(attributes, size, outcome.failed || outcome.aborted ? undefined : outcome.replies.length);
    if (digest.hits + digest.misses > 0) {
      attributes[semconv.ATTR_CACHE_HIT_COUNT] = digest.hits;
      attributes[semconv.ATTR_CACHE_MISS_COUNT] = digest.misses;
    }
    if (digest.firstFailedIndex !== undefined) {
      attributes[semconv.ATTR_REDIS_BATCH_FAILED_COUNT] = digest.failedCount;
      attributes[semconv.ATTR_REDIS_BATCH_FIRST_FAILED_INDEX] = digest.firstFailedIndex;
    }
    if (outcome.aborted) attributes[semconv.ATTR_REDIS_TRANSACTION_ABORTED] = true;
    if (outcome.timing !== undefined) addTiming(attributes, outcome.timing, outcome.durationMs, this.settings);
    if (batch.resends !== undefined) addResends(attributes, batch.resends);
    if (digest.fills.length > 0) addBatchFills(attributes, digest.fills);
    if (digest.locks.length > 0 && !this.settings.batchCommands) addBatchLock(attributes, digest.locks, this.mask);
    const name = this.hooks.spanName(digest.operation, nameFor(digest.operation, undefined, facts));
    const options = optionsFor(SpanKind.CLIENT, batch.startTimeMs, attributes);
    if (digest.fills.length > 0) options.links = linksTo(digest.fills);
    if (batch.transfers !== undefined)
      options.links = [...(options.links ?? []), ...linksToSenders(batch.transfers.values())];
    const span = this.writer.start(tracer, name, options, batch.context, batch.inside);
    for (const miss of digest.missHandles) miss.span = span.spanContext();
    for (const lock of digest.locks) if (lock.lost) lock.span = span.spanContext();
    if (this.settings.batchCommands)
      this.recordMembers(tracer, trace.setSpan(batch.context, span), batch, outcome, digest.members);
    this.hooks.ended?.(span, digest.operation, commands, size, outcome, outcome.replies);
    this.writer.finish(span, batch.startTimeMs, outcome.durationMs, digest.failure);
  }

  connect(
    { client: { facts }, context, startTimeMs }: Connecting,
    { durationMs, failed, error }: ProcessOutcome,
  ): void {
    const tracer = this.tracer();
    if (tracer === undefined) return;
    const failure = failed ? classify(error) : undefined;
    const attributes = plainAttributes(undefined, facts, failure);
    const name = this.hooks.spanName(CONNECT, nameFor(CONNECT, undefined, facts));
    const span = this.writer.start(tracer, name, optionsFor(SpanKind.CLIENT, startTimeMs, attributes), context);
    this.writer.finish(span, startTimeMs, durationMs, failure);
  }

  /** A message carries the id of its span, so the span is created before the outcome is known. */
  open({ args, client, context, startTimeMs, transfer }: Command): Context | undefined {
    const tracer = this.tracer();
    if (tracer === undefined) return undefined;
    const entry = lookup(args);
    const attributes = spanAttributes(entry.operation, client.facts, this.texts.of(entry, args), undefined);
    const messaging = messagingOf(entry, args, transfer);
    if (messaging !== undefined) addMessaging(attributes, messaging, this.destinations);
    const name = this.hooks.spanName(entry.operation, this.nameOf(entry.operation, undefined, client.facts, messaging));
    return trace.setSpan(
      context,
      this.writer.start(tracer, name, optionsFor(SpanKind.PRODUCER, startTimeMs, attributes), context),
    );
  }

  openBatch(
    kind: BatchKind,
    commands: readonly Arguments[],
    { context, startTimeMs, transfers }: BatchStart,
  ): Context | undefined {
    const tracer = this.tracer();
    if (tracer === undefined) return undefined;
    const [only] = commands;
    // A batch of one command is recorded as that command, which sends the message.
    const messaging =
      only !== undefined && commands.length === 1 ? messagingOf(lookup(only), only, transfers?.get(0)) : undefined;
    const name = messaging === undefined ? kind : messagingName(messaging, this.destinations);
    const attributes = { [semconv.ATTR_DB_SYSTEM_NAME]: semconv.DB_SYSTEM_NAME_VALUE_REDIS };
    const kindOfSpan = messaging === undefined ? SpanKind.CLIENT : SpanKind.PRODUCER;
    return trace.setSpan(
      context,
      this.writer.start(tracer, name, optionsFor(kindOfSpan, startTimeMs, attributes), context),
    );
  }

  private nameOf(
    operation: string,
    procedure: string | undefined,
    facts: ClientFacts,
    messaging: Messaging | undefined,
  ): string {
    return messaging === undefined ? nameFor(operation, procedure, facts) : messagingName(messaging, this.destinations);
  }

  private recordCommand(tracer: Tracer, command: Command, outcome: Outcome, known: Facts, repeated?: Repetition): void {
    const { args, client, startTimeMs } = command;
    const { operation, failure, lookup: found, cache, lock } = known;
    const entry = lookup(args);
    const attributes = spanAttributes(operation, client.facts, this.texts.of(entry, args), failure);
    const procedure = procedureName(entry, args, this.mask, command.procedure);
    if (procedure !== undefined) attributes[semconv.ATTR_DB_STORED_PROCEDURE_NAME] = procedure;
    if (known.refusal !== undefined) attributes[semconv.ATTR_DB_RESPONSE_STATUS_CODE] = known.refusal;
    if (found !== undefined) addLookup(attributes, found);
    if (cache !== undefined) addCache(attributes, cache);
    if (mayWait(entry, args)) attributes[semconv.ATTR_REDIS_OPERATION_BLOCKING] = true;
    if (lock !== undefined) addLock(attributes, this.mask(lock.key), lock);
    if (outcome.isLocal) attributes[semconv.ATTR_REDIS_CACHE_LOCAL] = true;
    if (outcome.timing !== undefined) addTiming(attributes, outcome.timing, outcome.durationMs, this.settings);
    if (command.resends !== undefined) addResends(attributes, command.resends);
    const messaging = messagingOf(entry, args, command.transfer);
    if (messaging !== undefined) addMessaging(attributes, messaging, this.destinations, outcome.reply);
    const kind = messaging?.type === 'send' ? SpanKind.PRODUCER : SpanKind.CLIENT;
    const options = optionsFor(kind, startTimeMs, attributes);
    if (cache !== undefined && cache.fills.length > 0) options.links = linksTo(cache.fills);
    else if (messaging?.type === 'receive') options.links = linksToSenders([command.transfer]);
    const name = this.hooks.spanName(operation, this.nameOf(operation, procedure, client.facts, messaging));
    const span = this.writer.start(tracer, name, options, command.context, command.inside);
    if (cache?.miss !== undefined) cache.miss.span = span.spanContext();
    if (lock?.lost) lock.span = span.spanContext();
    if (span.isRecording()) this.describe(span, entry, args, outcome.reply, known);
    if (repeated !== undefined) setRepetition(span, repeated, found && cache?.family);
    this.hooks.request?.(span, command.context, args);
    if (!outcome.failed) this.hooks.response?.(span, args, outcome.reply);
    const { reply } = outcome;
    this.hooks.ended?.(span, operation, [args], 1, outcome, outcome.failed ? reply : this.hooks.shaped(args, reply));
    this.writer.finish(span, startTimeMs, outcome.durationMs, failure);
  }

  /**
   * Sets attributes that no sampler needs, once the span is known to be recorded. The SDK copies attributes given at
   * creation two or three times, which makes them three times as expensive.
   */
  private describe(
    span: Span,
    entry: Entry,
    args: Arguments,
    reply: unknown,
    { operation, lookup: found, data, cache }: Facts,
  ): void {
    const { rule, from } = entry;
    setData(span, data);
    const rows = typeof reply === 'object' && reply !== null ? rowsOf(entry, args, reply) : undefined;
    if (rows !== undefined && rows >= this.settings.rowsFrom)
      span.setAttribute(semconv.ATTR_DB_RESPONSE_RETURNED_ROWS, rows);
    if (this.settings.withSummary)
      span.setAttribute(semconv.ATTR_DB_QUERY_SUMMARY, querySummary(operation, entry, args, cache, this.families));
    if (cache !== undefined) setFamily(span, cache, found !== undefined);
    const keyIndex = this.settings.withKey ? keyIndexOf(entry, args) : -1;
    if (keyIndex >= 0) span.setAttribute(semconv.ATTR_REDIS_KEY, this.mask(args[keyIndex]));
    if (this.settings.withArgsCount && rule !== undefined)
      span.setAttribute(semconv.ATTR_REDIS_ARGS_COUNT, args.length - from);
  }

  /** Creates a child span for each command. */
  private recordMembers(
    tracer: Tracer,
    inside: Context,
    batch: Batch,
    outcome: BatchOutcome,
    members: readonly Facts[],
  ): void {
    const { startTimeMs, startMonotonicMs, client } = batch;
    batch.commands.forEach((args, index) => {
      const transfer = batch.transfers?.get(index);
      const member: Command = { args, client, context: inside, traced: true, startTimeMs, startMonotonicMs, transfer };
      this.recordCommand(tracer, member, outcomeAt(outcome, index), members[index] as Facts);
    });
  }
}
