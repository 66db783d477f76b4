// Knows: what is remembered of cached items: open misses, and which keys were written or deleted.
// Must not know: spans, metrics, clients, how items are counted, which keys are locks.
import { endOfItems } from '../catalog';
import type { Arguments } from '../core/events';
import type { DataFacts, Fill, Miss, MissReason } from '../core/facts';
import { isMissing } from './cache';
import { OpenMisses } from './cache-aside';
import type { Counts } from './cache-counts';
import { callerOf, type Exchange, type KnownEntry } from './exchange';
import { identityOf, KeyIdentities } from './identity';
import { type Expiry, hasOption, isNone } from './life';
import { OpenExpiries } from './open-expiries';
import { WrittenKeys } from './written';

/** Matches writes with misses, and misses with what happened to the key before. Bounded and expiring. */
export class CacheMemory {
  private readonly misses = new OpenMisses();
  private readonly written = new WrittenKeys();
  private readonly expiries = new OpenExpiries();
  private readonly identities = new KeyIdentities();

  /** Decides what is open by now, before counts are collected. */
  expire(nowMonotonicMs: number): void {
    this.misses.expire(nowMonotonicMs);
    this.expiries.decide();
  }

  /**
   * Remembers a miss that a later write may fill: of the key at `index`, or of the single field that was read.
   * Returns why the key is missing, if that is known of it.
   */
  missed(exchange: Exchange, counts: Counts, index: number, miss: Miss): MissReason | undefined {
    const { command, endMonotonicMs, entry, args } = exchange;
    const key = this.identities.of(args[index], command.client.facts);
    const item = itemOf(key, entry, args);
    this.misses.add(item, counts, callerOf(exchange), endMonotonicMs, miss);
    return this.written.reason(key, endMonotonicMs, entry.rule.items?.areFields);
  }

  /** Remembers that the server found the key at `index`, or the single field that was read. */
  found(exchange: Exchange, index: number): void {
    const { command, endMonotonicMs, entry, args } = exchange;
    if (this.misses.size === 0 && this.written.size === 0) return;
    const key = this.identities.of(args[index], command.client.facts);
    this.written.found(key, command.startMonotonicMs);
    if (this.misses.size === 0) return;
    const item = itemOf(key, entry, args);
    if (this.misses.isOpen(item)) this.misses.found(item, callerOf(exchange), endMonotonicMs);
  }

  /** A whole value was written. @param fills gets the miss that this filled */
  wrote(
    exchange: Exchange,
    key: unknown,
    counts: Counts,
    expiry: Expiry,
    ttlSeconds: number | undefined,
    fills: Fill[],
  ): void {
    const { command, endMonotonicMs } = exchange;
    const { client, startMonotonicMs } = command;
    const id = this.identities.of(key, client.facts);
    const place = this.identities.placeOf(client.facts);
    this.fill(id, exchange, fills);
    if (expiry === 'kept') this.written.wroteWithin(id, startMonotonicMs, place);
    else {
      this.written.wrote(id, msOf(ttlSeconds), startMonotonicMs, place, endMonotonicMs);
      if (exchange.isCounted) this.expiries.wrote(id, expiry === 'none' ? counts : undefined);
    }
  }

  /** Fields were written. A miss of a whole hash is filled by the first write of its fields. */
  wroteFields(exchange: Exchange, fills: Fill[]): void {
    const { command, entry, args } = exchange;
    const { items } = entry.rule;
    const { client, startMonotonicMs } = command;
    const hash = this.identities.of(args[entry.from], client.facts);
    this.fill(hash, exchange, fills);
    const end = items === undefined ? entry.from : endOfItems(items, args, entry.from);
    for (let index = entry.from + 1; index < end; index += items?.step ?? end) {
      this.fill(identityOf(args[index], hash | 0), exchange, fills);
    }
    this.written.wroteWithin(hash, startMonotonicMs, this.identities.placeOf(client.facts));
  }

  /** The key at `index` is there after the command, whose value is not known. */
  made(exchange: Exchange, index: number, fills: Fill[]): void {
    const { command, entry, args } = exchange;
    const { rule, from } = entry;
    const isFirst = index === from;
    if (isFirst && rule.items?.areFields) this.wroteFields(exchange, fills);
    else this.fill(this.identities.of(args[index], command.client.facts), exchange, fills);
    const id = this.identities.of(args[index], command.client.facts);
    // A copied or computed key has the expiry of its source, or none.
    if (!isFirst || rule.made[0]?.how === 'unlessNone') this.written.forget(id);
    else if (!rule.items?.areFields)
      this.written.wroteWithin(id, command.startMonotonicMs, this.identities.placeOf(command.client.facts));
  }

  /** A write with hidden arguments. A value under a visible key fills its miss; nothing is known of the rest. */
  wroteMasked(exchange: Exchange, fills: Fill[]): boolean {
    const { command, endMonotonicMs, entry, args, reply } = exchange;
    const { rule, from } = entry;
    const key = args[from];
    if (rule.onlyReads || rule.prolongs || isMissing(reply)) return false;
    const isPlain = rule.items?.areWhole === true && rule.items.step === undefined && rule.stores;
    if (!isPlain || key === undefined) {
      this.misses.forgetAll(endMonotonicMs);
      return false;
    }
    const id = this.identities.of(key, command.client.facts);
    this.written.forget(id);
    // With GET the reply is the previous value.
    if (String(reply) === 'OK') this.fill(id, exchange, fills);
    else this.misses.forget(id);
    return true;
  }

  /** More keys were written than are followed: it is not known which misses that filled. */
  wroteMany(monotonicMs: number): void {
    this.misses.forgetAll(monotonicMs);
    this.written.forgetAll();
  }

  /** A write could not be seen. */
  wroteUnseen(monotonicMs: number): void {
    this.misses.forgetAll(monotonicMs);
  }

  /** A script may have filled the miss of any of its keys. */
  ran({ command, args }: Exchange): void {
    const end = 3 + Math.min(Number(args[2]) || 0, args.length - 3);
    for (let index = 3; index < end; index++) {
      const id = this.identities.of(args[index], command.client.facts);
      this.misses.forget(id);
      this.written.forget(id);
      this.expiries.forget(id);
    }
  }

  /** Handles deletes, and commands that change only a time to live. */
  changed({ command, endMonotonicMs, entry, args, reply }: Exchange, data: DataFacts): void {
    const { written } = this;
    const { rule, from } = entry;
    const place = this.identities.placeOf(command.client.facts);
    if (rule.flushes !== undefined) written.flushed(place, rule.flushes === 'server', endMonotonicMs);
    if ((!rule.ends && !rule.prolongs) || isMissing(reply) || isNone(reply)) return;
    const end = rule.items === undefined ? from : endOfItems(rule.items, args, from);
    if (rule.counts === 'deleted' && end > from + 1) {
      const keys = args.slice(from, end).map((key) => this.identities.of(key, command.client.facts));
      written.deletedSome(keys, data.keysDeleted ?? Number(reply), endMonotonicMs, place);
      return;
    }
    const key = this.identities.of(args[from], command.client.facts);
    if (rule.ends) {
      written.deleted(key, endMonotonicMs, place);
      // Renamed: the value may get its expiry under its new name.
      if (rule.made.length > 0) this.expiries.forget(key);
    } else if (data.ttlSeconds !== undefined) {
      written.wrote(key, msOf(data.ttlSeconds), command.startMonotonicMs, place, endMonotonicMs);
      this.expiries.expires(key);
    } else if (rule.persists || hasOption(args, from + 1, 'PERSIST'))
      written.wrote(key, undefined, command.startMonotonicMs, place);
  }

  private fill(id: number, exchange: Exchange, fills: Fill[]): void {
    if (!this.misses.isOpen(id)) return;
    const fill = this.misses.fill(id, callerOf(exchange), exchange.command.startMonotonicMs);
    if (fill !== undefined) fills.push(fill);
  }
}

function msOf(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1_000;
}

/** The field of a read of one field, else the key. */
function itemOf(key: number, { rule, from }: KnownEntry, args: Arguments): number {
  return rule.items?.areFields === true && args.length === from + 2 ? identityOf(args[from + 1], key | 0) : key;
}
