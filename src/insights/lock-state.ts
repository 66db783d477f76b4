// Knows: which keys are locks, who holds them, and what follows when one is acquired, renewed or released.
// Must not know: spans, metrics, clients; which command did it.
import { callerIn } from '../core/context';
import type { Arguments } from '../core/events';
import type { LockFacts } from '../core/facts';
import type { CacheCounts, Counts } from './cache-counts';
import type { Exchange } from './exchange';
import { Expiring } from './expiring';
import { KeyIdentities } from './identity';
import { hasOption } from './life';
import { type Holding, Holdings } from './lock-holdings';
import { LockWaits } from './lock-waits';

/** Options of SET that depend on the value before. */
const CONDITIONS = ['NX', 'XX', 'IFEQ', 'IFNE', 'IFDEQ', 'IFDNE'];

/** A key of a command, and what is known of it. */
export interface Subject {
  readonly key: unknown;
  readonly id: number;
  readonly counts: Counts;
}

/** Bounded and expiring. */
export class LockState {
  readonly holdings = new Holdings();
  private readonly waits = new LockWaits();
  /** Keys that were seen to be locks, if their family holds keys of any kind. */
  private readonly confirmed = new Expiring<true>();
  private readonly identities = new KeyIdentities();
  private named: ((key: string) => boolean) | undefined;

  constructor(private readonly cacheCounts: CacheCounts) {}

  /** @param named says which keys are locks, as configured by the application; undefined: locks are recognised */
  use(named: ((key: string) => boolean) | undefined): void {
    this.named = named;
  }

  /** Whether a key is known to be a lock by now. */
  isLock(counts: Counts, key: unknown, exchange: Exchange): boolean {
    const { command, endMonotonicMs } = exchange;
    if (this.named !== undefined)
      return typeof key === 'string' ? this.named(key) : ArrayBuffer.isView(key) && this.named(String(key));
    // Locks are values.
    if (exchange.entry.rule.items?.areFields) return false;
    if (counts.isCalledLock && this.overwrites(exchange)) counts.isCalledLock = false;
    if (this.cacheCounts.isLock(counts, key)) return true;
    if (!counts.isMixed || this.confirmed.size === 0) return false;
    return this.confirmed.get(this.identities.of(key, command.client.facts), endMonotonicMs) === true;
  }

  /** Whether a value is written whatever was there: nobody takes a lock like that. Its holder may renew it so. */
  private overwrites({ command, entry, args, endMonotonicMs }: Exchange): boolean {
    const { canonical, from } = entry;
    if (canonical !== 'SET' || CONDITIONS.some((option) => hasOption(args, from + 2, option))) return false;
    const id = this.identities.of(args[from], command.client.facts);
    return this.holdings.of(id, args[from + 1], endMonotonicMs) === undefined;
  }

  /** A key was seen to be a lock. */
  confirm({ id, counts }: Subject, nowMonotonicMs: number): void {
    if (counts.isMixed) this.confirmed.set(id, true, nowMonotonicMs);
    else this.cacheCounts.confirmLock(counts);
  }

  subject({ command }: Exchange, key: unknown): Subject {
    return { key, id: this.identities.of(key, command.client.facts), counts: this.cacheCounts.peek(key) };
  }

  attempt(
    exchange: Exchange,
    keys: Arguments,
    token: unknown,
    acquired: boolean,
    ttlMs: number | undefined,
  ): LockFacts | undefined {
    const { command, endMonotonicMs } = exchange;
    const { startMonotonicMs } = command;
    const first = this.subject(exchange, keys[0]);
    const isKnown = this.isLock(first.counts, first.key, exchange);
    const caller = callerIn(command.context);
    const waitMs = this.waits.attempt({ key: first.id, token, caller, acquired, startMonotonicMs, endMonotonicMs });
    if (acquired) {
      const before = this.holdings.of(first.id, token, endMonotonicMs);
      const holding: Holding = {
        acquiredMonotonicMs: endMonotonicMs,
        traceId: caller?.traceId,
        servers: withOne(before?.servers, this.serverOf(exchange)),
        unreportedWaitMs: isKnown ? undefined : waitMs,
        isLost: false,
      };
      for (const key of keys) this.holdings.add(this.subject(exchange, key).id, token, holding, endMonotonicMs, ttlMs);
    }
    if (!isKnown) return undefined;
    return factsOf(first, { ttlSeconds: secondsOf(ttlMs), acquired, waitMs });
  }

  /** Whether the server is one that gave the lock. The answer of another server proves nothing. */
  isGiver(exchange: Exchange, { servers }: Holding): boolean {
    return servers.includes(this.serverOf(exchange));
  }

  private serverOf({ command }: Exchange): string {
    return this.identities.placeOf(command.client.facts).server;
  }

  renewed(
    exchange: Exchange,
    subject: Subject,
    holding: Holding,
    isDone: boolean,
    ttlMs: number | undefined,
  ): LockFacts | undefined {
    if (isDone) this.holdings.keep(subject.id, holding, exchange.endMonotonicMs, ttlMs);
    if (!this.isLock(subject.counts, subject.key, exchange)) return undefined;
    const lost = !isDone && lose(subject.counts, holding);
    return factsOf(subject, { ttlSeconds: secondsOf(ttlMs), renewed: isDone, waitMs: reportWait(holding), lost });
  }

  /**
   * @param released undefined: the reply does not say
   * @param isLost whether somebody else had the lock by then
   */
  released(
    { endMonotonicMs }: Exchange,
    subject: Subject,
    holding: Holding,
    released: boolean | undefined,
    isLost: boolean,
  ): LockFacts {
    const lost = isLost && lose(subject.counts, holding);
    const holdMs = holding.isLost ? undefined : endMonotonicMs - holding.acquiredMonotonicMs;
    return factsOf(subject, { released, holdMs, waitMs: reportWait(holding), lost });
  }
}

function withOne(servers: readonly string[] = [], server: string): readonly string[] {
  return servers.includes(server) ? servers : [...servers, server];
}

/** Returns whether that is news. */
function lose(counts: Counts, holding: Holding): boolean {
  if (holding.isLost) return false;
  holding.isLost = true;
  counts.lostLocks++;
  return true;
}

/** Returns the wait once, with the first facts reported for the lock. */
function reportWait(holding: Holding): number | undefined {
  const { unreportedWaitMs } = holding;
  holding.unreportedWaitMs = undefined;
  return unreportedWaitMs;
}

function secondsOf(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1_000;
}

// Written out, so that all objects have the same shape.
export function factsOf({ key, counts }: Subject, known: Partial<LockFacts>): LockFacts {
  const { ttlSeconds, acquired, renewed, released, waitMs, holdMs, lost = false } = known;
  return { key, family: counts, ttlSeconds, acquired, renewed, released, waitMs, holdMs, lost };
}
