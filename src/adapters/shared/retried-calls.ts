// Knows: that a command refused or lost by one node of a group is sent again to another, in the same call.
// Must not know: which version sends it, spans.
import { clearTimeout, setTimeout } from 'node:timers';

/** How long the second try may take: it can need a new topology and a new connection. */
const PATIENCE_MS = 10_000;

interface Waiting<T> {
  readonly value: T;
  readonly timer: NodeJS.Timeout | undefined;
}

/** A call of a sentinel's: it tries until it has an answer, whatever happened to the tries before. */
export interface SentinelCall {
  giveUp?: () => void;
}

/** The calls of all sentinels: only they know whether what has failed was the last try. */
export class SentinelCalls {
  private current: SentinelCall | undefined;

  /** The call whose command is sent now. */
  get sending(): SentinelCall | undefined {
    return this.current;
  }

  send<T>(call: SentinelCall, run: () => T): T {
    this.current = call;
    try {
      return run();
    } finally {
      this.current = undefined;
    }
  }

  /** The call is over: if it was rejected, no try follows. */
  end<T>(call: SentinelCall, promise: Promise<T>): Promise<T> {
    return promise.catch((error: unknown) => {
      call.giveUp?.();
      throw error;
    });
  }
}

/** Joins the tries of one call. A cluster's is known by the list of arguments, which is the same object in all of them. */
export class Redirects<T> {
  /** An application may send one list several times at once. */
  private readonly waiting = new WeakMap<object, Waiting<T>[]>();

  /**
   * Keeps what the first try began. If there is no second, as with a node's own client, `giveUp` is called: when the
   * sentinel's call is over, or, where there is none, in a while.
   */
  wait(list: object, value: T, giveUp: () => void, call?: SentinelCall): void {
    const all = this.waiting.get(call ?? list) ?? [];
    const stop = (): void => {
      const index = all.indexOf(one);
      if (index < 0) return;
      all.splice(index, 1);
      giveUp();
    };
    const one: Waiting<T> = { value, timer: call === undefined ? setTimeout(stop, PATIENCE_MS).unref() : undefined };
    if (call !== undefined) call.giveUp = stop;
    all.push(one);
    this.waiting.set(call ?? list, all);
  }

  /** What an earlier try of the same call began. */
  resume(list: object, call?: SentinelCall): T | undefined {
    const waiting = this.waiting.get(call ?? list)?.shift();
    if (waiting === undefined) return undefined;
    clearTimeout(waiting.timer);
    return waiting.value;
  }
}

/** MOVED and ASK name another node of a cluster; READONLY tells a sentinel that its master has changed. */
export function isRedirect(error: unknown): boolean {
  return error instanceof Error && /^(?:MOVED|ASK|READONLY) /.test(error.message);
}
