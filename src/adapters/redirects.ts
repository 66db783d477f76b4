// Knows: that a command refused by one node of a group is sent again to another, with the same list of arguments.
// Must not know: which version sends it, spans.
import { clearTimeout, setTimeout } from 'node:timers';

/** How long the second try may take: it can need a new topology and a new connection. */
const PATIENCE_MS = 10_000;

interface Waiting<T> {
  readonly value: T;
  readonly timer: NodeJS.Timeout;
}

/** Joins the tries of one call. The list of arguments is the same object in all of them. */
export class Redirects<T> {
  /** An application may send one list several times at once. */
  private readonly waiting = new WeakMap<object, Waiting<T>[]>();

  /** Keeps what the first try began. If there is no second, as with a node's own client, `giveUp` is called. */
  wait(list: object, value: T, giveUp: () => void): void {
    const all = this.waiting.get(list) ?? [];
    const timer = setTimeout(() => {
      all.splice(all.indexOf(one), 1);
      giveUp();
    }, PATIENCE_MS);
    timer.unref();
    const one = { value, timer };
    all.push(one);
    this.waiting.set(list, all);
  }

  /** What an earlier try of the same call began. */
  resume(list: object): T | undefined {
    const waiting = this.waiting.get(list)?.shift();
    if (waiting === undefined) return undefined;
    clearTimeout(waiting.timer);
    return waiting.value;
  }
}

/** MOVED and ASK name another node of a cluster; READONLY tells a sentinel that its master has changed. */
export function isRedirect(error: unknown): boolean {
  return error instanceof Error && /^(?:MOVED|ASK|READONLY) /.test(error.message);
}
