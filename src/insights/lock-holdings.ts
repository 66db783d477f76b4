// Knows: which keys this process holds, with which token, and since when.
// Must not know: commands, replies, which of the keys are locks.
import { Expiring } from './expiring';
import { identityOf } from './identity';

/** A key that was acquired. Keys that were acquired together share one object. */
export interface Holding {
  readonly acquiredMonotonicMs: number;
  readonly traceId: string | undefined;
  /** The servers that gave it: an algorithm may ask several independent ones with one token. */
  readonly servers: readonly string[];
  /**
   * How long the caller waited for the lock, in milliseconds, if that was not reported because the key was not known
   * to be a lock.
   */
  unreportedWaitMs: number | undefined;
  /** The lock was found to be lost already, and has been counted. */
  isLost: boolean;
}

interface Held {
  /** The identity of key and token. */
  readonly own: number;
  readonly holding: Holding;
  /** The previous holder, if the server gave the key away before that holder released it. */
  readonly before: Held | undefined;
}

/** The keys that this process holds. Bounded and expiring. */
export class Holdings {
  /** By key and token: a previous holder may still release the key when another one holds it. */
  private readonly byToken = new Expiring<Holding>();
  /** The latest holder of each key, for commands that name no token. */
  private readonly byKey = new Expiring<Held>();

  get size(): number {
    return this.byToken.size + this.byKey.size;
  }

  of(key: number, token: unknown, nowMonotonicMs: number): Holding | undefined {
    return this.byToken.get(identityOf(token, key | 0), nowMonotonicMs);
  }

  latest(key: number, nowMonotonicMs: number): Holding | undefined {
    return this.byKey.get(key, nowMonotonicMs)?.holding;
  }

  /** The holding that is released without a token in this trace: the current one, or one that was taken over. */
  ownOf(key: number, traceId: string | undefined, nowMonotonicMs: number): Holding | undefined {
    const latest = this.byKey.get(key, nowMonotonicMs);
    if (latest?.before === undefined) return latest?.holding;
    if (traceId === undefined) return undefined;
    if (latest.holding.traceId === traceId) return latest.holding;
    return latest.before.holding.traceId === traceId ? latest.before.holding : undefined;
  }

  add(key: number, token: unknown, holding: Holding, nowMonotonicMs: number, ttlMs: number | undefined): void {
    const own = identityOf(token, key | 0);
    const latest = this.byKey.get(key, nowMonotonicMs);
    // A holding that was taken over is followed behind one successor only.
    const before = latest === undefined || latest.own === own ? undefined : { ...latest, before: undefined };
    const endMonotonicMs = nowMonotonicMs + (ttlMs ?? 0);
    this.byToken.set(own, holding, nowMonotonicMs, endMonotonicMs);
    this.byKey.set(key, { own, holding, before }, nowMonotonicMs, endMonotonicMs);
  }

  /** Extends a holding to the new end of the key. */
  keep(key: number, holding: Holding, nowMonotonicMs: number, ttlMs: number | undefined): void {
    const latest = this.byKey.get(key, nowMonotonicMs);
    if (latest?.holding !== holding) return;
    const endMonotonicMs = nowMonotonicMs + (ttlMs ?? 0);
    this.byToken.set(latest.own, holding, nowMonotonicMs, endMonotonicMs);
    this.byKey.set(key, latest, nowMonotonicMs, endMonotonicMs);
  }

  remove(key: number, holding: Holding, nowMonotonicMs: number): void {
    const latest = this.byKey.get(key, nowMonotonicMs);
    const { before } = latest ?? {};
    if (latest?.holding === holding) {
      this.byToken.delete(latest.own);
      if (before === undefined) this.byKey.delete(key);
      else this.byKey.set(key, before, nowMonotonicMs);
    } else if (latest !== undefined && before?.holding === holding) {
      this.byToken.delete(before.own);
      this.byKey.set(key, { ...latest, before: undefined }, nowMonotonicMs);
    }
  }
}
