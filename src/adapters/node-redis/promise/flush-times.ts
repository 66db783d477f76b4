// Knows: when the queues of redis 4 to 6 hand their commands to the socket.
// Must not know: who asks for it, spans.
import type { Arguments, Write, Writes } from '../../../core/events';
import { PatchLedger, type Target } from '../../shared/patch';

/** What a socket has left behind for so long is looked at; before, it counts as written with the rest. */
const STALL_MS = 5;

/**
 * What one queue writes. As long as its socket takes all there is, a queue is emptied by each write: one mark serves all
 * commands that waited for it, and none of them is touched. Only while the socket is behind is each command marked.
 */
export class QueueWrites implements Writes {
  private waiting: QueueWrite | undefined;
  private written: QueueWrite | undefined;
  /** The first write of which the socket left something behind, until it has caught up. */
  private behind: QueueWrite | undefined;
  private isFirst = false;

  get isBehind(): boolean {
    return this.behind !== undefined;
  }

  next(): Write {
    this.waiting ??= new QueueWrite(this.behind);
    return this.waiting;
  }

  /** The queue is asked for what it has. False: nobody waits for that. */
  begin(): boolean {
    this.isFirst = true;
    return this.isBehind || this.waiting !== undefined;
  }

  /** A command is on its way to the socket. False: those after it, in the same write, need not be told. */
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

  /** The socket has had enough for now: something may be left. */
  cut(): void {
    this.behind ??= this.written?.first;
  }

  /** Nothing is left. */
  end(): void {
    this.behind = undefined;
    this.written = undefined;
  }

  /** One command was given out, and `add` told of it where an encoder could; or there was none left. */
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
  /** Of the first write, and of those that waited with it, each of which knows it: all is gone with their commands. */
  private monotonicMsByArguments: WeakMap<Arguments, number> | undefined;
  readonly first: QueueWrite;

  /** @param behind the first write of which the socket left something behind */
  constructor(behind: QueueWrite | undefined) {
    this.first = behind ?? this;
  }

  monotonicMsOf(args: Arguments): number | undefined {
    if (this.monotonicMs === undefined) return Number.POSITIVE_INFINITY;
    // An application may send the same list again: a mark from before is that of another command.
    return Math.max(this.monotonicMs, this.first.monotonicMsByArguments?.get(args) ?? this.monotonicMs);
  }

  /** Marks a command that the socket has left behind for long enough. */
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

/** Sees the queues of one tap write: synchronously, one after the other. */
export class QueueFlushes {
  private current: QueueWrites | undefined;
  private hasEncoder = false;

  constructor(private readonly writesOf: (queue: object) => QueueWrites | undefined) {}

  /** `RESP/encoder.js`, of redis 4 `client/RESP2/encoder.js`: loaded before the queue that calls it with each command. */
  patchEncoder(moduleExports: Target, ledger: PatchLedger): boolean {
    if (!PatchLedger.has(moduleExports, 'default')) return false;
    ledger.wrap<Encode>(moduleExports, 'default', (original) => this.wrapEncode(original));
    this.hasEncoder = true;
    return true;
  }

  /** Redis 5 and 6: asked once for all that is to be written; cut off where the socket wants no more. */
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

  /** Redis 4: asked for one command after the other until there is none, or the socket wants no more. */
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
    // In a bundle no encoder can be reached: as good as the first command is the moment before.
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
 * What a client asks its queue for, command by command. Tells where its socket wants no more; and once that is behind,
 * when there is no more for it. An iterator of our own: a generator's methods may be frozen, and are not ours to replace.
 */
class ObservedCommands implements Generator {
  constructor(
    private readonly commands: Generator,
    private readonly writes: QueueWrites,
  ) {}

  [Symbol.iterator](): this {
    return this;
  }

  next(...value: [] | [unknown]): IteratorResult<unknown, unknown> {
    const step = this.commands.next(...value);
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
