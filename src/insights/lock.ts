// Knows: how applications build locks from Redis commands, and what became of each lock.
// Must not know: spans, metrics, clients; any library.
//
// SET with NX, SETNX, or a script that sets a missing key may take a lock: the caller then holds a key with a token.
// The key is known to be a lock once it is released or renewed by compare and act: by a later script that names the
// same key and token, by DELEX, or under WATCH. From then on the key and its family are locks. A key whose name says
// that it is a lock is one from the beginning; of such a key also the answer of a script whose text was not seen says
// whether it was acquired. Nothing follows from our own clock: a lock is lost only if the server says so.
import { callerIn } from '../core/context';
import type { ClientRef } from '../core/events';
import type { DataFacts, LockFacts } from '../core/facts';
import { integerOf, isMissing } from './cache';
import type { CacheCounts, Counts } from './cache-counts';
import type { Exchange } from './exchange';
import { hasOption, isNone, isRefused } from './life';
import { type Act, type Call, callOf, readAct, readTaking } from './lock-acts';
import type { Holding, Holdings } from './lock-holdings';
import { factsOf, LockState, type Subject } from './lock-state';
import { looksUnique } from './lock-waits';
import { ScriptMemory } from './scripts';
import { WatchedKeys } from './watched';

/** Follows locks from the first attempt to the release. Bounded and expiring. */
export class Locks {
  private readonly state: LockState;
  private readonly holdings: Holdings;
  private readonly scripts = new ScriptMemory();
  private readonly watched = new WatchedKeys();

  constructor(cacheCounts: CacheCounts) {
    this.state = new LockState(cacheCounts);
    this.holdings = this.state.holdings;
  }

  /** @param named says which keys are locks, as configured by the application; undefined: locks are recognised */
  use(named: ((key: string) => boolean) | undefined): void {
    this.state.use(named);
  }

  /** Whether a key is known to be a lock by now. */
  isLock(counts: Counts, key: unknown, exchange: Exchange): boolean {
    return this.state.isLock(counts, key, exchange);
  }

  read(exchange: Exchange, data: DataFacts): LockFacts | undefined {
    const { entry, args } = exchange;
    const { rule, canonical, from } = entry;
    if (rule.stores)
      return rule.items?.step === undefined && !rule.items?.areFields ? this.store(exchange, data) : undefined;
    if (rule.ends)
      return this.holdings.size === 0 && comparedToken(exchange) === undefined ? undefined : this.end(exchange);
    if (rule.prolongs) return this.holdings.size === 0 ? undefined : this.prolong(exchange, data);
    switch (canonical) {
      case 'EVAL':
        this.scripts.see(args[1]);
        return this.run(exchange, callOf(args));
      case 'EVALSHA':
      case 'FCALL':
        return this.run(exchange, callOf(args));
      case 'SCRIPT LOAD':
        this.scripts.see(args[2]);
        return undefined;
      case 'WATCH':
        this.watched.watch(
          exchange.command.client,
          args.slice(from).map((key) => this.state.subject(exchange, key).id),
        );
        return undefined;
      case 'UNWATCH':
        this.watched.end(exchange.command.client);
        return undefined;
      default:
        return undefined;
    }
  }

  /** A defined script is called by its sha; only the client knows its body. */
  see(body: string): void {
    this.scripts.see(body);
  }

  /** Whether any client watches keys. Only then are values that were read compared. */
  get isWatching(): boolean {
    return this.watched.isUsed;
  }

  /** Handles a value that was read, which the application may compare with a token under WATCH. */
  seeValue(exchange: Exchange): void {
    const { command, entry, args, reply, endMonotonicMs } = exchange;
    if (isMissing(reply)) return;
    const { id } = this.state.subject(exchange, args[entry.from]);
    if (this.holdings.of(id, reply, endMonotonicMs) !== undefined) this.watched.compare(command.client, id);
  }

  /** Handles the end of a transaction, which ends its watches. */
  endTransaction(client: ClientRef): void {
    this.watched.end(client);
  }

  /**
   * Handles a stored value. It is an attempt if the key must not exist, and a renewal if it equals the holder's
   * token.
   */
  private store(exchange: Exchange, data: DataFacts): LockFacts | undefined {
    const { entry, args, reply, endMonotonicMs } = exchange;
    const { canonical, from } = entry;
    const token = args[from + 1];
    const ttlMs = secondsToMs(data.ttlSeconds);
    if (canonical === 'SETNX' || (canonical === 'SET' && hasOption(args, from + 2, 'NX'))) {
      return this.state.attempt(exchange, [args[from]], token, !isRefused(entry, args, reply), ttlMs);
    }
    if (this.holdings.size === 0 || canonical !== 'SET') return undefined;
    const subject = this.state.subject(exchange, args[from]);
    const holding = this.holdings.of(subject.id, token, endMonotonicMs);
    return holding === undefined
      ? undefined
      : this.state.renewed(exchange, subject, holding, !isRefused(entry, args, reply), ttlMs);
  }

  private prolong(exchange: Exchange, data: DataFacts): LockFacts | undefined {
    const { command, entry, args, reply, endMonotonicMs } = exchange;
    const { rule, from } = entry;
    const subject = this.state.subject(exchange, args[from]);
    const holding = this.holdings.latest(subject.id, endMonotonicMs);
    if (holding === undefined) return undefined;
    if (this.watched.isCompared(command.client, subject.id)) this.state.confirm(subject, endMonotonicMs);
    if (!isMissing(reply) && !isNone(reply))
      return this.state.renewed(exchange, subject, holding, true, secondsToMs(data.ttlSeconds));
    // With NX and the like, 0 says that another expiry is kept. GETEX and PERSIST say nothing certain.
    const saysGone = rule.hit === undefined && !rule.persists && args.length === from + 2;
    return saysGone ? this.state.renewed(exchange, subject, holding, false, secondsToMs(data.ttlSeconds)) : undefined;
  }

  /** DEL matters only for a lock that is held: it compares nothing. DELEX and DELIFEQ compare. */
  private end(exchange: Exchange): LockFacts | undefined {
    const { command, entry, args, reply, endMonotonicMs } = exchange;
    const { rule, from } = entry;
    const isDone = !isMissing(reply) && !isNone(reply);
    const subject = this.state.subject(exchange, args[from]);
    const token = comparedToken(exchange);
    if (rule.items?.step !== undefined && args.length > from + 1 && token === undefined)
      return this.endSeveral(exchange);
    const holding =
      token === undefined
        ? this.holdings.latest(subject.id, endMonotonicMs)
        : this.holdings.of(subject.id, token, endMonotonicMs);
    if (holding === undefined) return token === undefined ? undefined : this.endElsewhere(exchange, subject);
    if (looksUnique(token) || this.watched.isCompared(command.client, subject.id))
      this.state.confirm(subject, endMonotonicMs);
    const isKnown = this.state.isLock(subject.counts, subject.key, exchange);
    const own =
      token === undefined
        ? this.holdings.ownOf(subject.id, callerIn(command.context)?.traceId, endMonotonicMs)
        : holding;
    this.holdings.remove(subject.id, own ?? holding, endMonotonicMs);
    if (!isKnown) return undefined;
    // The owner is unknown: the lock was taken over, and the deleting caller is neither the old nor the new holder.
    if (own === undefined) return factsOf(subject, { released: isDone });
    // The lock of another holder was deleted.
    const released = isDone && own === holding;
    return this.state.released(exchange, subject, own, released, !released);
  }

  /**
   * Handles compare-and-delete of a lock that another process acquired. If it answers 0 there was none, and whether
   * anybody has lost one cannot be known.
   */
  private endElsewhere(exchange: Exchange, subject: Subject): LockFacts | undefined {
    if (integerOf(exchange.reply) !== 1 || !this.state.isLock(subject.counts, subject.key, exchange)) return undefined;
    return factsOf(subject, { released: true });
  }

  private endSeveral(exchange: Exchange): undefined {
    const { entry, args, endMonotonicMs } = exchange;
    for (const key of args.slice(entry.from)) {
      const { id } = this.state.subject(exchange, key);
      const holding = this.holdings.latest(id, endMonotonicMs);
      if (holding !== undefined) this.holdings.remove(id, holding, endMonotonicMs);
    }
  }

  private run(exchange: Exchange, call: Call | undefined): LockFacts | undefined {
    if (call === undefined) return undefined;
    const { args, reply } = exchange;
    const script = this.scripts.of(args);
    const takes = script === undefined ? this.scripts.hasTakenLock(args) : script.takes !== undefined;
    const isDone = (integerOf(reply) ?? (isMissing(reply) || reply === false ? 0 : 1)) > 0;
    const held = this.holdings.size === 0 ? undefined : this.heldIn(exchange, call);
    if (held !== undefined && !isDone && !this.state.isGiver(exchange, held.holding)) return undefined;
    // A script that takes what is not there refuses the holder too: nothing is lost.
    if (held !== undefined && (isDone || !takes)) {
      const act = readAct(call, held.token, script, reply);
      return act === undefined ? undefined : this.act(exchange, held, act);
    }
    if (script === undefined) return this.runUnknown(exchange, call, takes);
    if (script.releases && call.keys.length === 1)
      return this.endElsewhere(exchange, this.state.subject(exchange, call.keys[0]));
    if (script.takes === undefined) return undefined;
    const { token, ttl, ttlUnitMs } = script.takes;
    const ttlMs = ttl === undefined ? undefined : Number(call.values[ttl]) * ttlUnitMs;
    return this.state.attempt(exchange, call.keys, call.values[token], isDone, Number.isNaN(ttlMs) ? undefined : ttlMs);
  }

  /**
   * Handles a script whose text was not seen. A yes to a token that was never seen is an acquisition. A no is a
   * refusal only if this script has taken a lock before: it could be a renewal that came too late.
   */
  private runUnknown(exchange: Exchange, call: Call, hasTaken: boolean): LockFacts | undefined {
    const taking = readTaking(call, exchange.reply);
    if (taking === undefined || !(taking.acquired || hasTaken)) return undefined;
    for (const key of call.keys) {
      const { counts } = this.state.subject(exchange, key);
      if (!this.state.isLock(counts, key, exchange)) return undefined;
    }
    if (taking.acquired) this.scripts.tookLock(exchange.args);
    return this.state.attempt(exchange, call.keys, taking.token, taking.acquired, undefined);
  }

  /** Finds the held key of a call whose token is among the other arguments. */
  private heldIn(exchange: Exchange, { keys, values }: Call): Held | undefined {
    const found: { readonly subject: Subject; readonly holding: Holding }[] = [];
    let token: unknown;
    for (const key of keys) {
      const subject = this.state.subject(exchange, key);
      if (this.holdings.latest(subject.id, exchange.endMonotonicMs) === undefined) continue;
      for (const value of found.length === 0 ? [...values, ...keys] : [token]) {
        const holding = value === key ? undefined : this.holdings.of(subject.id, value, exchange.endMonotonicMs);
        if (holding === undefined) continue;
        token = value;
        found.push({ subject, holding });
        break;
      }
    }
    const [first] = found;
    return first === undefined ? undefined : { ...first, all: found, token };
  }

  private act(exchange: Exchange, { subject, holding, all }: Held, act: Act): LockFacts | undefined {
    const { endMonotonicMs } = exchange;
    if (act.isProof) for (const one of all) this.state.confirm(one.subject, endMonotonicMs);
    if (act.does === 'renew') {
      if (act.isDone === undefined) return undefined;
      for (const one of all.slice(1))
        if (act.isDone) this.holdings.keep(one.subject.id, one.holding, endMonotonicMs, act.ttlMs);
      return this.state.renewed(exchange, subject, holding, act.isDone, act.ttlMs);
    }
    for (const one of all) this.holdings.remove(one.subject.id, one.holding, endMonotonicMs);
    if (!this.state.isLock(subject.counts, subject.key, exchange)) return undefined;
    // A library returns the number of keys that it released.
    const isComplete = act.isDone !== false && (act.count === undefined || act.count >= all.length);
    return this.state.released(exchange, subject, holding, act.isDone, !isComplete);
  }
}

interface Held {
  readonly subject: Subject;
  readonly holding: Holding;
  readonly all: readonly { readonly subject: Subject; readonly holding: Holding }[];
  readonly token: unknown;
}

/** The value with which a conditional delete compares; undefined: the delete is unconditional. */
function comparedToken({ entry, args }: Exchange): unknown {
  const { canonical, from } = entry;
  if (canonical === 'DELIFEQ') return args[from + 1];
  return canonical === 'DELEX' && hasOption(args.slice(0, from + 2), from + 1, 'IFEQ') ? args[from + 2] : undefined;
}

function secondsToMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1_000;
}
