// Knows: which keys a command looked up, wrote or deleted, and what follows for each.
// Must not know: spans, metrics, clients, which keys are locks.
import { type CommandRule, type Entry, endOfItems, type Items } from '../catalog';
import { type Caller, callerIn } from '../core/context';
import type { Arguments, Command } from '../core/events';
import type { CacheFacts, DataFacts, Fill, Lookup, Miss, MissReason, ValueSize } from '../core/facts';
import { apportion, MAX_KEYS, sampleIndex } from './apportion';
import { isMissing, lengthOf } from './cache';
import { OpenMisses } from './cache-aside';
import { type CacheCounts, type Counts, NO_FILLS, NO_SIZES } from './cache-counts';
import { identityOf, KeyIdentities } from './identity';
import { type Expiry, hasOption, isNone, isRefused, keysMade, readExpiry } from './life';
import { WrittenKeys } from './written';

/** A command that the catalog knows. */
export interface KnownEntry extends Entry {
  readonly rule: CommandRule;
}

/** What a command and its batch have in common: caller, time and client. */
export type SentCommand = Pick<
  Command,
  'client' | 'context' | 'isMasked' | 'startMonotonicMs' | 'startTimeMs' | 'traced'
>;

/** One command that succeeded, with its reply. */
export interface Exchange {
  readonly command: SentCommand;
  readonly endMonotonicMs: number;
  readonly entry: KnownEntry;
  readonly args: Arguments;
  readonly reply: unknown;
}

/** Whether a key is a lock, and so not cached data. */
export type IsLock = (counts: Counts, key: unknown, exchange: Exchange) => boolean;

const MIXED: CacheFacts = {
  family: undefined,
  miss: undefined,
  missReason: undefined,
  fills: NO_FILLS,
  sizes: NO_SIZES,
};

/** Follows cached items. Without memory it only counts. */
export class CacheTraffic {
  private misses: OpenMisses | undefined;
  private written: WrittenKeys | undefined;
  private readonly identities = new KeyIdentities();

  constructor(
    private readonly cacheCounts: CacheCounts,
    private readonly isLock: IsLock,
  ) {}

  /** Switches the memory on or off. Switching it off drops what is remembered. */
  remember(remembers: boolean): void {
    this.misses = remembers ? (this.misses ?? new OpenMisses()) : undefined;
    this.written = remembers ? (this.written ?? new WrittenKeys()) : undefined;
  }

  expire(nowMonotonicMs: number): void {
    this.misses?.expire(nowMonotonicMs);
  }

  /** undefined: the keys are locks. */
  lookUp(exchange: Exchange, found: Lookup, isLocal: boolean): CacheFacts | undefined {
    const { entry, args } = exchange;
    const { items } = entry.rule;
    const key = args[entry.from];
    if (found.several && items?.step !== undefined && !items.areFields)
      return this.lookUpKeys(exchange, found, items, isLocal);
    const counts = this.cacheCounts.of(key);
    if (this.isLock(counts, key, exchange)) return undefined;
    count(counts, found.hits, found.misses, isLocal);
    if (found.misses === 0 || this.misses === undefined || !items?.areWhole) return counts.plain;
    const miss: Miss = { span: undefined };
    const missReason = this.missed(exchange, counts, entry.from, found.misses, miss, isLocal);
    return {
      family: counts.family,
      miss,
      missReason: found.several ? undefined : missReason,
      fills: NO_FILLS,
      sizes: NO_SIZES,
    };
  }

  /** Counts a look-up whose key may be hidden. */
  countMasked(found: Lookup): CacheFacts {
    count(this.cacheCounts.of(undefined), found.hits, found.misses, false);
    return MIXED;
  }

  /** Reads MGET: every item is a key, and may belong to a family of its own. */
  private lookUpKeys(exchange: Exchange, found: Lookup, items: Items, isLocal: boolean): CacheFacts | undefined {
    const { entry, args, reply } = exchange;
    const elements = Array.isArray(reply) ? reply : undefined;
    let common: Counts | undefined;
    let isCommon = true;
    let miss: Miss | undefined;
    const step = items.step as number;
    const end = endOfItems(items, args, entry.from);
    if (end - entry.from > MAX_KEYS * step) return this.lookUpMany(exchange, found, step, end, isLocal);
    for (let index = entry.from; index < end; index += step) {
      const counts = this.cacheCounts.of(args[index]);
      if (this.isLock(counts, args[index], exchange)) continue;
      common ??= counts;
      isCommon &&= counts === common;
      const isHit = elements === undefined ? found.misses === 0 : !isMissing(elements[index - entry.from]);
      count(counts, isHit ? 1 : 0, isHit ? 0 : 1, isLocal);
      if (isHit || this.misses === undefined) continue;
      miss ??= { span: undefined };
      this.missed(exchange, counts, index, 1, miss, isLocal);
    }
    if (common === undefined) return undefined;
    if (miss === undefined) return isCommon ? common.plain : MIXED;
    return {
      family: isCommon ? common.family : undefined,
      miss,
      missReason: undefined,
      fills: NO_FILLS,
      sizes: NO_SIZES,
    };
  }

  /** Reads a look-up of very many keys. Hits and misses are exact; a sample of the keys decides their families. */
  private lookUpMany(
    { entry, args, reply }: Exchange,
    found: Lookup,
    step: number,
    end: number,
    isLocal: boolean,
  ): CacheFacts {
    const elements = Array.isArray(reply) ? reply : undefined;
    const sample = new Map<Counts, Lookup>();
    const keys = Math.floor((end - entry.from) / step);
    for (let n = 0; n < MAX_KEYS; n++) {
      const index = entry.from + step * sampleIndex(n, keys);
      const counts = this.cacheCounts.of(args[index]);
      const { hits = 0, misses = 0 } = sample.get(counts) ?? {};
      const isMiss = elements === undefined ? found.misses > 0 : isMissing(elements[index - entry.from]);
      sample.set(counts, { hits: hits + (isMiss ? 0 : 1), misses: misses + (isMiss ? 1 : 0), several: true });
    }
    const seen = [...sample.values()];
    const hits = apportion(
      found.hits,
      seen.map((one) => one.hits),
    );
    const misses = apportion(
      found.misses,
      seen.map((one) => one.misses),
    );
    [...sample.keys()].forEach((counts, index) => {
      count(counts, hits[index] ?? 0, misses[index] ?? 0, isLocal);
    });
    return MIXED;
  }

  /** Remembers a miss that a later write may fill: of the key at `index`, or of the single field that was read. */
  private missed(
    exchange: Exchange,
    counts: Counts,
    index: number,
    times: number,
    miss: Miss,
    isLocal: boolean,
  ): MissReason | undefined {
    const { command, endMonotonicMs, entry, args } = exchange;
    const key = this.identities.of(args[index], command.client.facts);
    const isField = entry.rule.items?.areFields === true && args.length === entry.from + 2;
    const item = isField ? identityOf(args[entry.from + 1], key | 0) : key;
    this.misses?.add(item, counts, callerIn(command.context), endMonotonicMs, miss, isLocal);
    const reason = this.written?.reason(key, endMonotonicMs);
    if (reason !== undefined) counts[reason] += times;
    return reason;
  }

  /** undefined: nothing was written, or the keys are locks. */
  write(exchange: Exchange, data: DataFacts): CacheFacts | undefined {
    const { command, entry, args, reply } = exchange;
    const { items } = entry.rule;
    if (items === undefined || isRefused(entry, args, reply)) return undefined;
    const end = endOfItems(items, args, entry.from);
    const expiry = readExpiry(entry, args, end, data);
    const fills: Fill[] = [];
    const sizes: ValueSize[] = [];
    let common: Counts | undefined;
    let isCommon = true;
    if (items.areFields) return this.writeFields(exchange, end);
    if (items.step !== undefined && end - entry.from > MAX_KEYS * items.step)
      return this.writeMany(exchange, items, end, expiry);
    for (let index = entry.from + items.first; index < end; index += items.step ?? end) {
      const key = args[index];
      const counts = this.cacheCounts.of(key, true);
      if (this.isLock(counts, key, exchange)) continue;
      common ??= counts;
      isCommon &&= counts === common;
      if (expiry === 'set') counts.writesWithTtl++;
      else if (expiry === 'none') counts.writesWithoutTtl++;
      if (this.misses !== undefined) {
        const id = this.identities.of(key, command.client.facts);
        this.fillOne(id, command, fills);
        this.wrote(id, command, expiry, data.ttlSeconds);
      }
      const bytes = items.step === undefined ? data.valueLength : lengthOf(args[index + items.step - 1]);
      if (bytes !== undefined) sizes.push({ family: counts.family, bytes });
    }
    if (common === undefined) return undefined;
    return { family: isCommon ? common.family : undefined, miss: undefined, missReason: undefined, fills, sizes };
  }

  /**
   * Handles a write of very many keys (see `lookUpMany`). It is not known which misses it filled, so they are
   * dropped.
   */
  private writeMany(
    { endMonotonicMs, entry, args }: Exchange,
    { first, step = 1 }: Items,
    end: number,
    expiry: Expiry,
  ): CacheFacts {
    const from = entry.from + first;
    const keys = Math.ceil((end - from) / step);
    const sample = new Map<Counts, number>();
    const sizes: ValueSize[] = [];
    for (let n = 0; n < MAX_KEYS; n++) {
      const index = from + step * sampleIndex(n, keys);
      const counts = this.cacheCounts.of(args[index], true);
      sample.set(counts, (sample.get(counts) ?? 0) + 1);
      const bytes = lengthOf(args[index + step - 1]);
      if (bytes !== undefined) sizes.push({ family: counts.family, bytes });
    }
    const writes = apportion(keys, [...sample.values()]);
    [...sample.keys()].forEach((counts, index) => {
      if (expiry === 'set') counts.writesWithTtl += writes[index] ?? 0;
      else if (expiry === 'none') counts.writesWithoutTtl += writes[index] ?? 0;
    });
    this.misses?.forgetAll(endMonotonicMs);
    this.written?.forgetAll();
    return { ...MIXED, sizes };
  }

  private writeFields(exchange: Exchange, end: number): CacheFacts | undefined {
    const { entry, args } = exchange;
    const counts = this.cacheCounts.of(args[entry.from], true);
    if (this.isLock(counts, args[entry.from], exchange)) return undefined;
    const fills: Fill[] = [];
    this.fillFields(exchange, end, fills);
    return fills.length === 0 ? counts.plain : { ...counts.plain, fills };
  }

  /** Handles other commands that create keys: INCR, SADD, XADD, copies. undefined: no open miss was filled. */
  make(exchange: Exchange): CacheFacts | undefined {
    const { misses, written } = this;
    if (misses === undefined || written === undefined) return undefined;
    const { command, entry, args } = exchange;
    const { items } = entry.rule;
    const fills: Fill[] = [];
    let family: string | undefined;
    for (const index of keysMade(entry, args, exchange.reply)) {
      const isFirst = index === entry.from;
      const counts = this.cacheCounts.of(args[index], true);
      if (this.isLock(counts, args[index], exchange)) continue;
      family = counts.family;
      const id = this.identities.of(args[index], command.client.facts);
      if (isFirst && items?.areFields) this.fillFields(exchange, endOfItems(items, args, entry.from), fills);
      else this.fillOne(id, command, fills);
      // A copied or computed key has the expiry of its source, or none.
      if (!isFirst || entry.rule.made[0]?.how === 'unlessNone') written.forget(id);
      else if (!items?.areFields)
        written.wroteWithin(id, command.startMonotonicMs, this.identities.placeOf(command.client.facts));
    }
    return fills.length === 0 ? undefined : { family, miss: undefined, missReason: undefined, fills, sizes: NO_SIZES };
  }

  /** A miss of a whole hash is filled by the first write of its fields. */
  private fillFields({ command, entry, args }: Exchange, end: number, fills: Fill[]): void {
    if (this.misses === undefined) return;
    const { items } = entry.rule;
    const hash = this.identities.of(args[entry.from], command.client.facts);
    this.fillOne(hash, command, fills);
    for (let index = entry.from + 1; index < end; index += items?.step ?? end) {
      this.fillOne(identityOf(args[index], hash | 0), command, fills);
    }
    this.written?.wroteWithin(hash, command.startMonotonicMs, this.identities.placeOf(command.client.facts));
  }

  private fillOne(id: number, { context, startMonotonicMs }: SentCommand, fills: Fill[]): void {
    const fill = this.misses?.fill(id, (): Caller | undefined => callerIn(context), startMonotonicMs);
    if (fill !== undefined) fills.push(fill);
  }

  private wrote(
    id: number,
    { client, startMonotonicMs }: SentCommand,
    expiry: Expiry,
    ttlSeconds: number | undefined,
  ): void {
    const place = this.identities.placeOf(client.facts);
    if (expiry === 'kept') this.written?.wroteWithin(id, startMonotonicMs, place);
    else this.written?.wrote(id, ttlSeconds === undefined ? undefined : ttlSeconds * 1_000, startMonotonicMs, place);
  }

  /**
   * Handles a write with hidden arguments. A value under a visible key fills its miss; nothing is known of the rest.
   */
  writeMasked({ command, endMonotonicMs, entry, args, reply }: Exchange): CacheFacts | undefined {
    if (this.misses === undefined) return undefined;
    const { rule, from } = entry;
    const key = args[from];
    if (rule.onlyReads || rule.prolongs || isMissing(reply)) return undefined;
    const isPlain = rule.items?.areWhole === true && rule.items.step === undefined && rule.stores;
    if (!isPlain || key === undefined) {
      this.misses.forgetAll(endMonotonicMs);
      return undefined;
    }
    const id = this.identities.of(key, command.client.facts);
    this.written?.forget(id);
    const fills: Fill[] = [];
    // With GET the reply is the previous value.
    if (String(reply) === 'OK') this.fillOne(id, command, fills);
    else this.misses.forget(id);
    return {
      family: this.cacheCounts.of(key, true).family,
      miss: undefined,
      missReason: undefined,
      fills,
      sizes: NO_SIZES,
    };
  }

  /** Handles a write that could not be seen. */
  writeUnseen(monotonicMs: number): void {
    this.misses?.forgetAll(monotonicMs);
  }

  /** A script may have filled the miss of any of its keys. */
  run({ command, args }: Exchange): void {
    if (this.misses === undefined) return;
    const end = 3 + Math.min(Number(args[2]) || 0, args.length - 3);
    for (let index = 3; index < end; index++) {
      const id = this.identities.of(args[index], command.client.facts);
      this.misses.forget(id);
      this.written?.forget(id);
    }
  }

  /** Handles deletes, and commands that change only a time to live. */
  change({ command, endMonotonicMs, entry, args, reply }: Exchange, data: DataFacts): void {
    const { written } = this;
    if (written === undefined) return;
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
    if (rule.ends) written.deleted(key, endMonotonicMs, place);
    else if (data.ttlSeconds !== undefined)
      written.wrote(key, data.ttlSeconds * 1_000, command.startMonotonicMs, place);
    else if (rule.persists || hasOption(args, from + 1, 'PERSIST'))
      written.wrote(key, undefined, command.startMonotonicMs, place);
  }
}

function count(counts: Counts, hits: number, misses: number, isLocal: boolean): void {
  if (isLocal) {
    counts.localHits += hits;
    counts.localMisses += misses;
  } else {
    counts.hits += hits;
    counts.misses += misses;
  }
}
