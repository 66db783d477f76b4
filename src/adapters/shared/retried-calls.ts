// Knows: that a command that one node refused or lost is sent again to another node, within the same call.
// Must not know: which version sends it, spans.
import { clearTimeout, setTimeout } from 'node:timers';
import type { Redirection } from '../../core/resends';

/** How long the second attempt may take: it can need a new topology and a new connection. */
const PATIENCE_MS = 10_000;

interface Waiting<T> {
  readonly value: T;
  readonly timer: NodeJS.Timeout | undefined;
}

/** A call of a sentinel. It is retried until it has an answer, whatever happened to earlier attempts. */
export interface SentinelCall {
  giveUp?: () => void;
}

/** The calls of all sentinels: only they know whether a failed attempt was the last one. */
export class SentinelCalls {
  private current: SentinelCall | undefined;

  /** The call whose command is being sent. */
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

  /** Ends a call: if it was rejected, no attempt follows. */
  end<T>(call: SentinelCall, promise: Promise<T>): Promise<T> {
    return promise.catch((error: unknown) => {
      call.giveUp?.();
      throw error;
    });
  }
}

/**
 * Joins the attempts of one call. The call of a cluster is identified by its list of arguments, the same object each
 * time.
 */
export class Redirects<T> {
  /** An application may send one list several times at once. */
  private readonly waiting = new WeakMap<object, Waiting<T>[]>();

  /**
   * Keeps what the first attempt began. If there is no second one, as with a node's own client, `giveUp` is called:
   * at the end of the sentinel's call, or, without one, after a while.
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

  /** Returns what an earlier attempt of the same call began. */
  resume(list: object, call?: SentinelCall): T | undefined {
    const waiting = this.waiting.get(call ?? list)?.shift();
    if (waiting === undefined) return undefined;
    clearTimeout(waiting.timer);
    return waiting.value;
  }
}

/** What a node of a cluster answered instead; undefined: anything else. */
export function redirectionOf(error: unknown): Redirection | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.message.startsWith('MOVED ')) return 'MOVED';
  return error.message.startsWith('ASK ') ? 'ASK' : undefined;
}

/** MOVED and ASK name another node of a cluster; READONLY shows that a sentinel's master has changed. */
export function isRedirect(error: unknown): boolean {
  return error instanceof Error && /^(?:MOVED|ASK|READONLY) /.test(error.message);
}
