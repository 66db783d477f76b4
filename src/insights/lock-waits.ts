// Knows: which callers try to acquire a lock, and since when.
// Must not know: commands, replies, what becomes of an acquired lock.
import { identifierText } from '../catalog';
import type { Caller } from '../core/context';
import { Expiring } from './expiring';
import { identityOf } from './identity';

/** One attempt to acquire a lock. */
export interface Attempt {
  /** The identity of its key. */
  readonly key: number;
  readonly token: unknown;
  readonly caller: Caller | undefined;
  readonly acquired: boolean;
  readonly startMonotonicMs: number;
  readonly endMonotonicMs: number;
}

/** Measures the time from the first refused attempt to the successful one. Bounded and expiring. */
export class LockWaits {
  /** Since when, by key and trace, and by key and token: a library keeps its token over all attempts. */
  private readonly refusals = new Expiring<number>();
  /** Tokens that have acquired a lock. A token that is used again does not identify a single caller. */
  private readonly used = new Expiring<true>();

  /** Returns how long the successful caller has been trying. Remembers a refused attempt. */
  attempt({ key, token, caller, acquired, startMonotonicMs, endMonotonicMs }: Attempt): number | undefined {
    const byTrace = caller === undefined ? undefined : identityOf(caller.traceId, key | 0);
    // The first attempt of most locks succeeds, and has nothing to find.
    const byToken =
      (acquired && this.refusals.size === 0) || !this.isOwn(token, endMonotonicMs)
        ? undefined
        : identityOf(token, key | 0);
    const ids = [byTrace, byToken].filter((id) => id !== undefined);
    const [sinceMonotonicMs] = ids.flatMap((id) => this.refusals.get(id, endMonotonicMs) ?? []);
    if (acquired) this.used.set(identityOf(token, 0), true, endMonotonicMs);
    for (const id of ids) {
      if (acquired) this.refusals.delete(id);
      else this.refusals.set(id, sinceMonotonicMs ?? startMonotonicMs, endMonotonicMs);
    }
    return acquired && sinceMonotonicMs !== undefined ? endMonotonicMs - sinceMonotonicMs : undefined;
  }

  /** Whether the token identifies one caller, as far as can be seen. */
  private isOwn(token: unknown, nowMonotonicMs: number): boolean {
    return looksUnique(token) && this.used.get(identityOf(token, 0), nowMonotonicMs) === undefined;
  }
}

const MAX_LENGTH = 256;
const LONG_NUMBER = /\d{10}/;
/** The number of changes between letters and digits, or between capitals, small letters and digits, in random text. */
const MIN_DIGIT_CHANGES = 3;
const MIN_CHANGES = 10;
const RUN = /[a-z]+|[A-Z]+|\d+/g;

/** Whether a token looks generated: a UUID, a time, random characters. `locked`, `1` and `worker-7` do not. */
export function looksUnique(token: unknown): boolean {
  const text = identifierText(token, MAX_LENGTH);
  if (text === undefined) return false;
  if (LONG_NUMBER.test(text)) return true;
  const runs = text.match(RUN) ?? [];
  let digitChanges = 0;
  for (let index = 1; index < runs.length; index++)
    if (isNumber(runs[index]) !== isNumber(runs[index - 1])) digitChanges++;
  return digitChanges >= MIN_DIGIT_CHANGES || runs.length > MIN_CHANGES;
}

function isNumber(run: string | undefined): boolean {
  return run !== undefined && run <= ':';
}
