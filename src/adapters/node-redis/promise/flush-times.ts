// Knows: when the queues of redis 4 to 6 write their commands to the socket.
// Must not know: who asks for it, spans.
import type { Arguments, Write, Writes } from '../../../core/events';
import { PatchLedger, type Target } from '../../shared/patch';

/**
 * Data that a socket does not accept for this long is measured separately; before, it counts as written with the
 * rest.
 */
const STALL_MS = 5;

/**
 * The writes of one queue. While its socket accepts all data, each write empties the queue: one time serves all
 * commands that waited for it, and no command is touched. Only while the socket is behind is each command timed
 * separately.
 */
export class QueueWrites implements Writes {
  private waiting: QueueWrite | undefined;
  private written: QueueWrite | undefined;
  /** The first write that the socket did not accept completely, until it has caught up. */
  private behind: QueueWrite | undefined;
  private isFirst = false;

  get isBehind(): boolean {
    return this.behind !== undefined;
  }

  next(): Write {
    this.waiting ??= new QueueWrite(this.behind);
    return this.waiting;
  }

  /** Begins a write. Returns false if no command waits for its time. */
  begin(): boolean {
    this.isFirst = true;
    return this.isBehind || this.waiting !== undefined;
  }

  /**
   * A command is written to the socket. Returns false if the following ones of the same write need not be reported.
   */
  add(args: Arguments): boolean {
    const nowMonotonicMs = performance.now();
    this.isFirst = false;
    if (this.waiting !== undefined) {
      this.waiting.monotonicMs = nowMonotonicMs;
      this.written = this.waiting;
      this.waiting = undefined;
    }
    return this.behind?.keep(args, nowMonotonicMs) ?? false;
  }

  /** The socket accepts no more for now: some commands may be left. */
  cut(): void {
    this.behind ??= this.written?.first;
  }

  /** No command is left. */
  end(): void {
    this.behind = undefined;
    this.written = undefined;
  }

  /** One command was taken from the queue (`add` was called for it if there is an encoder), or there was none. */
  addOne(sent: unknown): void {
    if (sent === undefined) this.end();
    else {
      if (this.isFirst) this.add(sent as Arguments);
      this.cut();
    }
  }
}

class QueueWrite implements Write {
  monotonicMs: number | undefined;
  /**
   * The times of single commands. It is shared by the first write and those that waited with it, and freed with them.
   */
  private monotonicMsByArguments: WeakMap<Arguments, number> | undefined;
  readonly first: QueueWrite;

  /** @param behind the first write that the socket did not accept completely */
  constructor(behind: QueueWrite | undefined) {
    this.first = behind ?? this;
  }

  monotonicMsOf(args: Arguments): number | undefined {
    if (this.monotonicMs === undefined) return Number.POSITIVE_INFINITY;
    // An application may send the same list again: an earlier time belongs to another command.
    return Math.max(this.monotonicMs, this.first.monotonicMsByArguments?.get(args) ?? this.monotonicMs);
  }

  /** Keeps the time of a command that the socket did not accept for long enough. */
  keep(args: Arguments, nowMonotonicMs: number): boolean {
    if (this.monotonicMs === undefined || nowMonotonicMs - this.monotonicMs < STALL_MS) return false;
    this.monotonicMsByArguments ??= new WeakMap();
    this.monotonicMsByArguments.set(args, nowMonotonicMs);
    return true;
  }
}

type Encode = (args: Arguments) => unknown;
export type GetCommandToSend = (this: object, ...rest: unknown[]) => unknown;
export type CommandsToWrite = (this: object, ...rest: unknown[]) => Generator;

const NOTHING: Arguments = [];

/** Sees the queues of one tap, which write synchronously, one after the other. */
export class QueueFlushes {
  private current: QueueWrites | undefined;
  private hasEncoder = false;

  constructor(private readonly writesOf: (queue: object) => QueueWrites | undefined) {}

  /**
   * `RESP/encoder.js`; of redis 4 `client/RESP2/encoder.js`. It is loaded before the queue that calls it for each
   * command.
   */
  patchEncoder(moduleExports: Target, ledger: PatchLedger): boolean {
    if (!PatchLedger.has(moduleExports, 'default')) return false;
    ledger.wrap<Encode>(moduleExports, 'default', (original) => this.wrapEncode(original));
    this.hasEncoder = true;
    return true;
  }

  /** Redis 5 and 6: called once for all commands to write; cut off when the socket accepts no more. */
  wrapCommandsToWrite(original: CommandsToWrite): CommandsToWrite {
    const { hasEncoder } = this;
    this.hasEncoder = false;
    const begin = (queue: object): QueueWrites | undefined => this.begin(queue, hasEncoder);
    return function commandsToWrite(this: object): Generator {
      const commands = original.apply(this, arguments as never);
      const writes = begin(this);
      if (writes === undefined) return commands;
      return new ObservedCommands(commands, writes);
    };
  }

  /** Redis 4: called for one command after the other, until there is none or the socket accepts no more. */
  wrapGetCommandToSend(original: GetCommandToSend): GetCommandToSend {
    const { writesOf } = this;
    const enter = (writes: QueueWrites | undefined): void => {
      this.current = writes;
    };
    return function getCommandToSend(this: object): unknown {
      const writes = writesOf(this);
      if (writes === undefined || !writes.begin()) return original.apply(this, arguments as never);
      enter(writes);
      const sent = original.apply(this, arguments as never);
      enter(undefined);
      writes.addOne(sent);
      return sent;
    };
  }

  private begin(queue: object, hasEncoder: boolean): QueueWrites | undefined {
    this.current = undefined;
    const writes = this.writesOf(queue);
    if (writes === undefined || !writes.begin()) return undefined;
    // In a bundle no encoder can be reached; the moment before the first command is good enough.
    if (hasEncoder) this.current = writes;
    else writes.add(NOTHING);
    return writes;
  }

  private wrapEncode(original: Encode): Encode {
    const add = (args: Arguments): void => {
      if (this.current !== undefined && !this.current.add(args)) this.current = undefined;
    };
    return function encodeCommand(args: Arguments): unknown {
      add(args);
      return original.apply(undefined, arguments as never);
    };
  }
}

/**
 * The commands that a client takes from its queue. It reports when the socket accepts no more, and when nothing is
 * left afterwards. It is an iterator of our own: the methods of a generator may be frozen, and are not ours to
 * replace.
 */
class ObservedCommands implements Generator {
  constructor(
    private readonly commands: Generator,
    private readonly writes: QueueWrites,
  ) {}

  [Symbol.iterator](): this {
    return this;
  }

  next(value?: unknown): IteratorResult<unknown, unknown> {
    const step = this.commands.next(value);
    if (step.done === true) this.writes.end();
    return step;
  }

  return(value: unknown): IteratorResult<unknown, unknown> {
    this.writes.cut();
    return this.commands.return(value);
  }

  throw(error: unknown): IteratorResult<unknown, unknown> {
    return this.commands.throw(error);
  }
}
