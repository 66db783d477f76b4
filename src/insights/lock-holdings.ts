// Knows: which keys this process holds, by which token, and since when.
// Must not know: commands, replies, which of them are locks.
import { Expiring } from './expiring';
import { identityOf } from './identity';

/** A key that was got. One object for all keys that were got together. */
export interface Holding {
  readonly mark: number;
  readonly traceId: string | undefined;
  /** How long it was waited for, where that was not told because nobody knew that it is a lock. */
  unreportedWaitMs: number | undefined;
  /** It was found to be gone already, and that has been counted. */
  isLost: boolean;
}

interface Held {
  /** Of the key and the token. */
  readonly own: number;
  readonly holding: Holding;
  /** Who held the key when the server gave it to this one, and has not given it back. */
  readonly before: Held | undefined;
}

/** Bounded, and expiring. */
export class Holdings {
  /** By key and token: who lost a key may still give it back when somebody else has it. */
  private readonly byToken: Expiring<Holding>;
  /** Of each key who got it last, for commands that name no token. */
  private readonly byKey: Expiring<Held>;

  constructor(maxHoldings: number, memoryMs: number) {
    this.byToken = new Expiring(maxHoldings, memoryMs);
    this.byKey = new Expiring(maxHoldings, memoryMs);
  }

  get size(): number {
    return this.byToken.size + this.byKey.size;
  }

  of(key: number, token: unknown, nowMark: number): Holding | undefined {
    return this.byToken.get(identityOf(token, key | 0), nowMark);
  }

  latest(key: number, nowMark: number): Holding | undefined {
    return this.byKey.get(key, nowMark)?.holding;
  }

  /** Whose it is that is given back without a token in this trace: of the one who has it, or of whoever had it before. */
  ownOf(key: number, traceId: string | undefined, nowMark: number): Holding | undefined {
    const latest = this.byKey.get(key, nowMark);
    if (latest?.before === undefined) return latest?.holding;
    if (traceId === undefined) return undefined;
    if (latest.holding.traceId === traceId) return latest.holding;
    return latest.before.holding.traceId === traceId ? latest.before.holding : undefined;
  }

  add(key: number, token: unknown, holding: Holding, nowMark: number, ttlMs: number | undefined): void {
    const own = identityOf(token, key | 0);
    const latest = this.byKey.get(key, nowMark);
    // One that was taken over is no longer followed behind the next.
    const before = latest === undefined || latest.own === own ? undefined : { ...latest, before: undefined };
    const endMark = nowMark + (ttlMs ?? 0);
    this.byToken.set(own, holding, nowMark, endMark);
    this.byKey.set(key, { own, holding, before }, nowMark, endMark);
  }

  /** It has another end now, and is followed so much longer. */
  keep(key: number, holding: Holding, nowMark: number, ttlMs: number | undefined): void {
    const latest = this.byKey.get(key, nowMark);
    if (latest?.holding !== holding) return;
    const endMark = nowMark + (ttlMs ?? 0);
    this.byToken.set(latest.own, holding, nowMark, endMark);
    this.byKey.set(key, latest, nowMark, endMark);
  }

  remove(key: number, holding: Holding, nowMark: number): void {
    const latest = this.byKey.get(key, nowMark);
    const { before } = latest ?? {};
    if (latest?.holding === holding) {
      this.byToken.delete(latest.own);
      if (before === undefined) this.byKey.delete(key);
      else this.byKey.set(key, before, nowMark);
    } else if (latest !== undefined && before?.holding === holding) {
      this.byToken.delete(before.own);
      this.byKey.set(key, { ...latest, before: undefined }, nowMark);
    }
  }
}
