// Knows: who tries to get a lock, and since when.
// Must not know: commands, replies, what becomes of a lock that was got.
import type { Caller } from '../core/context';
import { Expiring } from './expiring';
import { identityOf } from './identity';

/** From the first attempt that was refused to the one that was not. Bounded, and expiring. */
export class LockWaits {
  /** By key and token, and by key and trace: a library keeps its token over all attempts, a loop makes new ones. */
  private readonly refusals: Expiring<number>;

  /** @param memoryMs who was refused this long ago has given up */
  constructor(maxWaits: number, memoryMs: number) {
    this.refusals = new Expiring(maxWaits, memoryMs);
  }

  get size(): number {
    return this.refusals.size;
  }

  /** How long the one who got it has been trying; remembers who did not. @param key its identity */
  attempt(
    key: number,
    token: unknown,
    caller: Caller | undefined,
    acquired: boolean,
    startMark: number,
    endMark: number,
  ): number | undefined {
    if (acquired && this.refusals.size === 0) return undefined;
    const byToken = identityOf(token, key | 0);
    const byTrace = caller === undefined ? byToken : identityOf(caller.traceId, key | 0);
    const since = this.refusals.get(byToken, endMark) ?? this.refusals.get(byTrace, endMark);
    if (acquired) {
      this.refusals.delete(byToken);
      this.refusals.delete(byTrace);
      return since === undefined ? undefined : endMark - since;
    }
    this.refusals.set(byToken, since ?? startMark, endMark);
    this.refusals.set(byTrace, since ?? startMark, endMark);
    return undefined;
  }
}
