// Knows: how applications make locks of Redis commands, and what became of each.
// Must not know: spans, metrics, clients; any library.
//
// A lock is taken by SET with NX and an expiry, by SETNX that an EXPIRE follows, or by a script that sets what is not
// there; kept by a script that compares and expires; given back by one that compares and deletes, or by DEL.
import type { Entry } from '../catalog';
import { callerIn } from '../core/context';
import type { Arguments } from '../core/events';
import type { DataFacts, LockFacts } from '../core/facts';
import { Expiring } from './expiring';
import { identityOf, Scopes } from './identity';
import { LockWaits } from './lock-waits';
import { type LockScript, ScriptMemory } from './scripts';
import type { Tally } from './tally';
import type { Answered } from './traffic';

/** Locks held, and attempts refused, that are followed at one time. */
export const MAX_LOCKS = 5_000;

/** Who was refused this long ago has given up; a lock without an end is followed no longer either. */
const MEMORY_MS = 10 * 60_000;

interface Holding {
  readonly mark: number;
  /** When it ends by itself; undefined: by a SETNX, which no EXPIRE has followed yet. */
  deadlineMark: number | undefined;
  readonly waitMs: number | undefined;
  /** It was found to be gone already, and that has been counted. */
  isLost: boolean;
}

/** Follows locks from the first attempt to their release. Bounded, and expiring. */
export class Locks {
  /** By key and token: who lost a lock may still give it back when somebody else has it. */
  private readonly held = new Expiring<Holding>(MAX_LOCKS, MEMORY_MS);
  /** Of each key the one in `held` that got it last, for commands that name no token. */
  private readonly latest = new Expiring<number>(MAX_LOCKS, MEMORY_MS);
  private readonly waits = new LockWaits(MAX_LOCKS, MEMORY_MS);
  /** Keys that a SETNX and an EXPIRE have shown to be locks. */
  private readonly confirmed = new Expiring<true>(MAX_LOCKS, MEMORY_MS);
  private readonly scripts = new ScriptMemory();
  private readonly scopes = new Scopes();

  /** @param isLockKey undefined: any key may be one */
  constructor(
    private readonly tally: Tally,
    private readonly isLockKey: ((key: string) => boolean) | undefined,
  ) {}

  /** For tests of its bounds. */
  get size(): number {
    return this.held.size + this.latest.size + this.waits.size + this.confirmed.size + this.scripts.size;
  }

  read(answered: Answered, data: DataFacts): LockFacts | undefined {
    switch (answered.entry.canonical) {
      case 'SET':
        return data.ttlSeconds !== undefined && isExclusive(answered) ? this.acquireBySet(answered, data.ttlSeconds) : undefined;
      case 'SETNX':
        return this.acquireBySetnx(answered);
      case 'EXPIRE':
      case 'PEXPIRE':
        return this.held.size === 0 ? undefined : this.confirm(answered, data.ttlSeconds);
      case 'DEL':
      case 'UNLINK':
      case 'DELEX':
        return this.held.size === 0 ? undefined : this.releaseByDelete(answered);
      case 'EVAL':
        return this.run(answered, this.scripts.see(answered.args[1]));
      case 'EVALSHA':
        return this.run(answered, this.scripts.bySum(answered.args[1]));
      case 'SCRIPT LOAD':
        this.scripts.see(answered.args[2]);
        return undefined;
      default:
        return undefined;
    }
  }

  /** A defined script is called by its sha; its body is known to the client alone. */
  see(body: string): void {
    this.scripts.see(body);
  }

  private acquireBySet(answered: Answered, ttlSeconds: number): LockFacts | undefined {
    const { entry, args, reply } = answered;
    const key = args[entry.from];
    if (!this.isLock(key)) return undefined;
    return this.attempt(answered, [key], args[entry.from + 1], !isMissing(reply), ttlSeconds * 1_000);
  }

  /** Only EXPIRE tells that it is a lock; until then nothing is said, but of keys that have been one. */
  private acquireBySetnx(answered: Answered): LockFacts | undefined {
    const { entry, args, reply, endMark } = answered;
    const key = args[entry.from];
    if (!this.isLock(key)) return undefined;
    const facts = this.attempt(answered, [key], args[entry.from + 1], isTrue(reply), undefined);
    return this.isLockKey !== undefined || this.confirmed.get(this.idOf(answered, key), endMark) ? facts : undefined;
  }

  private confirm(answered: Answered, ttlSeconds: number | undefined): LockFacts | undefined {
    const { origin, entry, args, reply, endMark } = answered;
    const key = args[entry.from];
    const id = this.idOf(answered, key);
    const holding = this.held.get(this.latest.get(id, endMark) ?? 0, endMark);
    if (holding === undefined || ttlSeconds === undefined || !isTrue(reply)) return undefined;
    const isFirst = holding.deadlineMark === undefined;
    holding.deadlineMark = origin.startMark + ttlSeconds * 1_000;
    if (isFirst) this.confirmed.set(id, true, endMark);
    const { family } = this.tally.of(key);
    return attemptOf(key, family, ttlSeconds, true, isFirst ? holding.waitMs : undefined, false);
  }

  private run(answered: Answered, script: LockScript | undefined): LockFacts | undefined {
    if (script === undefined) return undefined;
    const { args, reply } = answered;
    const count = Number(args[2]);
    const keys = args.slice(3, 3 + count);
    const values = args.slice(3 + count);
    if (keys.length === 0 || keys.length !== count || !keys.every((key) => this.isLock(key))) return undefined;
    const token = script.token === undefined ? undefined : values[script.token];
    const ttl = script.ttl === undefined ? Number.NaN : Number(values[script.ttl]);
    const ttlMs = Number.isNaN(ttl) ? undefined : ttl * script.ttlUnitMs;
    const isDone = !script.answers || isTrue(Array.isArray(reply) ? reply[0] : reply);
    if (script.does === 'acquire') return this.attempt(answered, keys, token, isDone, ttlMs);
    const owned = keys.map((one) => identityOf(token, this.idOf(answered, one) | 0));
    if (script.does === 'extend') return this.extend(answered, keys[0], owned, isDone, ttlMs);
    // A library answers how many of its keys it released.
    const isComplete = !script.answers || (isDone && !(Number(reply) < keys.length));
    return this.release(answered, keys[0], owned, script.answers ? isDone : undefined, isComplete);
  }

  private attempt(answered: Answered, keys: Arguments, token: unknown, acquired: boolean, ttlMs: number | undefined): LockFacts {
    const { origin, endMark } = answered;
    const [key] = keys;
    const first = this.idOf(answered, key);
    const waitMs = this.waits.attempt(first, token, callerIn(origin.context), acquired, origin.startMark, endMark);
    const deadlineMark = ttlMs === undefined ? undefined : origin.startMark + ttlMs;
    for (const one of acquired ? keys : []) {
      const id = this.idOf(answered, one);
      const own = identityOf(token, id | 0);
      this.held.set(own, { mark: endMark, deadlineMark, waitMs, isLost: false }, endMark, deadlineMark);
      this.latest.set(id, own, endMark, deadlineMark);
    }
    const ttlSeconds = ttlMs === undefined ? undefined : ttlMs / 1_000;
    return attemptOf(key, this.tally.of(key).family, ttlSeconds, acquired, ttlMs === undefined ? undefined : waitMs, false);
  }

  private extend(answered: Answered, key: unknown, owned: readonly number[], isDone: boolean, ttlMs: number | undefined): LockFacts {
    const { origin, endMark } = answered;
    const counts = this.tally.of(key);
    let lost = false;
    for (const own of owned) {
      const holding = this.held.get(own, endMark);
      if (holding === undefined) continue;
      if (isDone && ttlMs !== undefined) {
        holding.deadlineMark = origin.startMark + ttlMs;
        this.held.set(own, holding, endMark, holding.deadlineMark);
      } else if (!isDone && !holding.isLost) {
        holding.isLost = true;
        lost = true;
      }
    }
    if (lost) counts.lostLocks++;
    const ttlSeconds = ttlMs === undefined ? undefined : ttlMs / 1_000;
    return attemptOf(key, counts.family, ttlSeconds, isDone, undefined, lost);
  }

  /**
   * Of several keys one release. What this process never had cannot be lost: libraries release what they were
   * refused too, to be sure.
   */
  private release(
    answered: Answered,
    key: unknown,
    owned: readonly number[],
    released: boolean | undefined,
    isComplete: boolean,
  ): LockFacts {
    const { endMark } = answered;
    const counts = this.tally.of(key);
    let holding: Holding | undefined;
    for (const own of owned) {
      holding ??= this.held.get(own, endMark);
      this.held.delete(own);
    }
    if (holding === undefined) return releaseOf(key, counts.family, released, undefined, false);
    const isLate = holding.deadlineMark !== undefined && holding.deadlineMark < endMark;
    const lost = !holding.isLost && (!isComplete || isLate);
    if (lost) counts.lostLocks++;
    return releaseOf(key, counts.family, released, endMark - holding.mark, lost);
  }

  /** A plain DEL tells nothing by itself: only of a lock that is held. */
  private releaseByDelete(answered: Answered): LockFacts | undefined {
    const { entry, args, reply, endMark } = answered;
    const key = args[entry.from];
    if (args.length > entry.from + 1 && entry.canonical !== 'DELEX') return undefined;
    const id = this.idOf(answered, key);
    const own = this.latest.get(id, endMark);
    const holding = own === undefined ? undefined : this.held.get(own, endMark);
    if (own === undefined || holding === undefined) return undefined;
    const isDone = isTrue(reply);
    // Of a SETNX without an end it is not known that it was a lock.
    const isKnown = holding.deadlineMark !== undefined || this.isLockKey !== undefined || this.confirmed.get(id, endMark);
    if (isKnown) return this.release(answered, key, [own], isDone, isDone);
    this.held.delete(own);
    return undefined;
  }

  private idOf({ origin }: Answered, key: unknown): number {
    return identityOf(key, this.scopes.of(origin.client.facts));
  }

  private isLock(key: unknown): boolean {
    return (
      this.isLockKey === undefined ||
      (typeof key === 'string' ? this.isLockKey(key) : ArrayBuffer.isView(key) && this.isLockKey(String(key)))
    );
  }
}

// Written out, both in the same order: one shape, and no spreading, which is slow where so much differs.
function attemptOf(
  key: unknown,
  family: string | undefined,
  ttlSeconds: number | undefined,
  acquired: boolean,
  waitMs: number | undefined,
  lost: boolean,
): LockFacts {
  return { key, family, ttlSeconds, acquired, released: undefined, waitMs, holdMs: undefined, lost };
}

function releaseOf(
  key: unknown,
  family: string | undefined,
  released: boolean | undefined,
  holdMs: number | undefined,
  lost: boolean,
): LockFacts {
  return { key, family, ttlSeconds: undefined, acquired: undefined, released, waitMs: undefined, holdMs, lost };
}

/** SET with NX, and no GET: with it the reply is another. */
function isExclusive({ entry, args }: { readonly entry: Entry; readonly args: Arguments }): boolean {
  let isNx = false;
  for (let index = entry.from + 2; index < args.length; index++) {
    const arg = args[index];
    if (typeof arg !== 'string' || arg.length > 3) continue;
    const option = arg.toUpperCase();
    if (option === 'GET') return false;
    isNx ||= option === 'NX';
  }
  return isNx;
}

function isMissing(reply: unknown): boolean {
  return reply === null || reply === undefined;
}

/** 1, 'OK' or a count of keys, whatever a type mapping makes of it. */
function isTrue(reply: unknown): boolean {
  return !isMissing(reply) && reply !== false && !(Number(reply) <= 0);
}
