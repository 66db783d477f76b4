// Knows: which operations are recorded, and that each ends exactly once.
// Must not know: redis, spans, metrics.
import { type Context, context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { hasParent, isUnsampled, SUPPRESS_TRACING } from './context';
import type {
  Arguments,
  BatchKind,
  BatchOutcome,
  BatchStart,
  ClientFacts,
  ClientRef,
  Command,
  Connecting,
  Started,
} from './events';
import type { Insights } from './facts';
import { Outcomes } from './outcomes';
import type { Propagator } from './propagator';
import type { ConnectRecorder, Recorder, Report } from './recorder';
import { batchOf, commandOf, outcomeOfOne } from './settled';
import type { Decision, SettledBatch, Tap } from './tap';
import { Timings } from './timing';
import { extract, Transfers } from './transfers';

/** The settings that decide what is recorded. */
export interface OperationSettings {
  readonly requireParentSpan: boolean;
  /** Whether a connecting client has a span. */
  readonly connectSpans: boolean;
  readonly spansWhenParentUnsampled: boolean;
  /** Whether commands that clients send by themselves are counted. */
  readonly internalCommands: boolean;
  /** From this duration on, in milliseconds, the timing of an operation is reported; Infinity: never. */
  readonly timedFromMs: number;
  /**
   * Whether this command is to have no span. It never throws.
   * @param facts undefined for a batch: its client is not known yet
   * @param procedure the application's own name of the script, if the library knows it
   */
  readonly isIgnored: ((args: Arguments, facts: ClientFacts | undefined, procedure?: string) => boolean) | undefined;
}

/** Why an operation has no span. */
export type Refusal = 'no-parent' | 'parent-unsampled' | 'no-provider' | 'suppressed';

export class Operation implements Tap {
  // A patch that could not be removed, or a transaction created before `disable()`, still calls us.
  private isStopped = true;

  private settings!: OperationSettings;
  private outcomes!: Outcomes;
  private transfers: Transfers | undefined;
  private readonly timings = new Timings();
  /**
   * The context that was refused last because its span was sampled out: that never changes, and many commands share
   * it.
   */
  private unsampled: Context | undefined;

  constructor(private readonly report: Report) {}

  /** Sets the settings and the recorders from now on. Called before the first command. */
  use(
    settings: OperationSettings,
    insights: Insights,
    spans: Recorder & ConnectRecorder,
    metrics: Recorder,
    propagator?: Propagator,
    totals?: Recorder,
  ): void {
    this.unsampled = undefined;
    this.settings = settings;
    this.outcomes = new Outcomes(insights, spans, metrics, totals, this.report);
    this.transfers = propagator && new Transfers(propagator, spans, this.report);
    this.timings.use(settings.timedFromMs);
  }

  start(): void {
    this.isStopped = false;
    this.timings.start();
  }

  stop(): void {
    this.isStopped = true;
    this.unsampled = undefined;
    this.timings.stop();
  }

  decide(): Decision {
    if (this.isStopped) return 'pass';
    try {
      if (this.isTraced(context.active())) return 'trace';
      // The context that a message carries does not depend on what is recorded.
      return this.transfers !== undefined || this.outcomes.isMeasured() ? 'count' : 'pass';
    } catch (error) {
      this.report('the decision what to record failed', error);
      return 'pass';
    }
  }

  begin(
    client: ClientRef,
    args: Arguments,
    decision: Decision = this.decide(),
    procedure?: string,
  ): Command | undefined {
    if (decision === 'pass') return undefined;
    try {
      const caller = context.active();
      const traced = decision === 'trace' && !this.settings.isIgnored?.(args, client.facts, procedure);
      const transfer = this.transfers?.of(args);
      if (!traced && transfer === undefined && !this.outcomes.isFollowed(decision === 'trace')) return undefined;
      const startTimeMs = Date.now();
      const startMonotonicMs = performance.now();
      const write = traced ? this.timings.begin(startMonotonicMs, client.writes) : undefined;
      const command: Command = { args, client, context: caller, traced, startTimeMs, startMonotonicMs, write };
      return transfer === undefined ? command : this.transfers?.begin(command, transfer);
    } catch (error) {
      this.report('a command could not be followed', error);
      return undefined;
    }
  }

  get wantsInternal(): boolean {
    return this.settings.internalCommands && !this.isStopped;
  }

  beginInternal(client: ClientRef, args: Arguments): Command | undefined {
    if (!this.wantsInternal) return undefined;
    return this.guarded('an internal command could not be followed', () => {
      if (!this.outcomes.isMeasured()) return undefined;
      // No code of the application called.
      return { args, client, context: ROOT_CONTEXT, traced: false, isInternal: true, ...now() };
    });
  }

  succeed(command: Command, reply: unknown, isLocal = false): void {
    const durationMs = performance.now() - command.startMonotonicMs;
    // Context was extracted before the reply was put into the client's own cache.
    if (command.transfer !== undefined && !isLocal) extract(command.transfer, reply, command.client, this.report);
    const timing = isLocal ? undefined : this.timings.of(command, command.write, durationMs);
    this.outcomes.command(command, { durationMs, failed: false, reply, error: undefined, isLocal, timing });
  }

  fail(command: Command, error: unknown, endMonotonicMs = performance.now()): void {
    const durationMs = endMonotonicMs - command.startMonotonicMs;
    const timing = this.timings.of(command, command.write, durationMs);
    this.outcomes.command(command, { durationMs, failed: true, reply: undefined, error, isLocal: false, timing });
  }

  beginConnect(client: ClientRef): Connecting | undefined {
    if (this.isStopped || !this.settings.connectSpans) return undefined;
    return this.guarded('a connection could not be followed', () => {
      const caller = context.active();
      return this.isTraced(caller) ? { client, context: caller, ...now() } : undefined;
    });
  }

  settleConnect(connecting: Connecting, failed: boolean, error: unknown): void {
    this.outcomes.connect(connecting, { durationMs: performance.now() - connecting.startMonotonicMs, failed, error });
  }

  beginBatch(kind: BatchKind, commandsOf?: () => readonly Arguments[]): BatchStart | undefined {
    const decision = this.decide();
    if (decision === 'pass') return undefined;
    return this.guarded('a batch could not be followed', () => {
      const caller = context.active();
      const commands = this.transfers === undefined ? [] : (commandsOf?.() ?? []);
      const transfers = this.transfers?.ofAll(commands);
      const mayTransfer = transfers !== undefined || (commandsOf === undefined && this.transfers !== undefined);
      if (decision !== 'trace' && !mayTransfer && !this.outcomes.isMeasured()) return undefined;
      const [only = [kind]] = commands.length === 1 ? commands : [];
      const isIgnored = decision === 'trace' && this.settings.isIgnored?.(only, undefined) === true;
      const traced = decision === 'trace' && !isIgnored;
      const start: BatchStart = { context: caller, traced, isIgnored, ...now() };
      // The connection is not known yet.
      if (decision === 'trace') this.timings.begin(start.startMonotonicMs, undefined);
      return transfers === undefined ? start : this.transfers?.beginBatch(start, transfers, kind, commands);
    });
  }

  injectMember(start: BatchStart, args: Arguments): Arguments | undefined {
    try {
      return this.transfers?.joinBatch(start, args);
    } catch (error) {
      this.report('context could not be injected into a message', error);
      return undefined;
    }
  }

  completeBatch(start: BatchStart, commands: readonly Arguments[]): BatchStart {
    const transfers = this.guarded('a batch could not be followed', () => this.transfers?.ofAll(commands));
    return transfers === undefined ? start : { ...start, transfers };
  }

  extractMember({ transfers }: BatchStart, index: number, reply: unknown, client: ClientRef): void {
    if (transfers !== undefined) extract(transfers.get(index), reply, client, this.report);
  }

  settleBatch(start: BatchStart, settled: SettledBatch): void {
    const { commands, client } = settled;
    const durationMs = (settled.endMonotonicMs ?? performance.now()) - start.startMonotonicMs;
    start.transfers?.forEach((transfer, index) => {
      extract(transfer, settled.replies[index], client, this.report);
    });
    const [only] = commands;
    const timing = this.timings.of(start, settled.write, durationMs);
    // Semantic conventions: a batch of one command is recorded as that command.
    if (only !== undefined && commands.length === 1 && !settled.aborted) {
      this.outcomes.command(
        commandOf(start, settled, only, this.isOneTraced(start, only, settled)),
        outcomeOfOne(settled, durationMs, timing),
      );
      return;
    }
    const batch = batchOf(start, settled);
    const { failed, replies, error, aborted } = settled;
    const ended: BatchOutcome = { durationMs, failed, replies, error, aborted, timing };
    this.outcomes.batch(batch, ended);
  }

  /** A batch of one is ignored if its command is ignored. If the span exists already, the decision was made before. */
  private isOneTraced(
    { traced, isIgnored, inside }: BatchStart,
    only: Arguments,
    { client, procedure }: SettledBatch,
  ): boolean {
    if (inside !== undefined || !(traced || isIgnored)) return traced;
    return this.settings.isIgnored?.(only, client.facts, procedure) !== true;
  }

  /** Not for single commands, alone or in a batch: a closure for each would cost them. */
  private guarded<T>(fault: string, begin: () => T): T | undefined {
    try {
      return begin();
    } catch (error) {
      this.report(fault, error);
      return undefined;
    }
  }

  private isTraced(caller: Context): boolean {
    return this.refusalOf(caller) === undefined;
  }

  /** Why an operation that is called now has no span; undefined: it has one, unless recording is stopped. */
  protected refusal(): Refusal | undefined {
    return this.refusalOf(context.active());
  }

  /** The most frequent and cheapest check is first: in production most parents are unsampled. */
  private refusalOf(caller: Context): Refusal | undefined {
    if (caller === this.unsampled) return 'parent-unsampled';
    const parent = trace.getSpan(caller);
    if (parent !== undefined && isUnsampled(parent) && !this.settings.spansWhenParentUnsampled) {
      this.unsampled = caller;
      return 'parent-unsampled';
    }
    if (this.settings.requireParentSpan && !hasParent(caller)) return 'no-parent';
    if (!this.outcomes.isTraced()) return 'no-provider';
    return caller.getValue(SUPPRESS_TRACING) === true ? 'suppressed' : undefined;
  }
}

function now(): Started {
  return { startTimeMs: Date.now(), startMonotonicMs: performance.now() };
}
