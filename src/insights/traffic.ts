// Knows: which keys a command looked up, wrote or made, and for which family each counts.
// Must not know: spans, metrics, clients, which keys are locks.
import { endOfItems, type Items } from '../catalog';
import type { CacheFacts, DataFacts, Fill, Lookup, Miss, MissReason, ValueSize } from '../core/facts';
import { add, MAX_KEYS, sampled, share } from './apportion';
import { isMissing, lengthOf } from './cache';
import { type CacheCounts, type Counts, NO_FILLS, NO_SIZES } from './cache-counts';
import { CacheMemory } from './cache-memory';
import type { Exchange } from './exchange';
import { type Expiry, isRefused, keysMade, readExpiry } from './life';

/** Whether a key is a lock, and so not cached data. */
export type IsLock = (counts: Counts, key: unknown, exchange: Exchange) => boolean;

const MIXED = factsOf(undefined);

/** Follows cached items. Without memory it only counts. */
export class CacheTraffic {
  /** undefined: switched off. */
  memory: CacheMemory | undefined;

  constructor(
    private readonly cacheCounts: CacheCounts,
    private readonly isLock: IsLock,
  ) {}

  /** Switches the memory on or off. Switching it off drops what is remembered. */
  remember(remembers: boolean): void {
    this.memory = remembers ? (this.memory ?? new CacheMemory()) : undefined;
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
    countLookUps(counts, found.hits, found.misses, isLocal);
    if (found.misses === 0 && !isLocal) this.memory?.found(exchange, entry.from);
    if (found.misses === 0 || this.memory === undefined || !items?.areWhole) return counts.plain;
    const miss: Miss = { span: undefined };
    const reason = this.memory.missed(exchange, counts, entry.from, miss);
    if (reason !== undefined) counts[reason] += found.misses;
    return factsOf(counts.family, miss, found.several ? undefined : reason);
  }

  /** Counts a look-up whose key may be hidden. */
  countMasked(found: Lookup): CacheFacts {
    countLookUps(this.cacheCounts.of(undefined), found.hits, found.misses, false);
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
      countLookUps(counts, isHit ? 1 : 0, isHit ? 0 : 1, isLocal);
      if (isHit && !isLocal) this.memory?.found(exchange, index);
      if (isHit || this.memory === undefined) continue;
      miss ??= { span: undefined };
      const reason = this.memory.missed(exchange, counts, index, miss);
      if (reason !== undefined) counts[reason] += 1;
    }
    if (common === undefined) return undefined;
    if (miss === undefined) return isCommon ? common.plain : MIXED;
    return factsOf(isCommon ? common.family : undefined, miss);
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
    const [hit, missed] = [new Map<Counts, number>(), new Map<Counts, number>()];
    for (const index of sampled(entry.from, end, step)) {
      const counts = this.cacheCounts.of(args[index]);
      const isMiss = elements === undefined ? found.misses > 0 : isMissing(elements[index - entry.from]);
      add(isMiss ? missed : hit, counts, 1);
      add(isMiss ? hit : missed, counts, 0);
    }
    share(found.hits, hit, (counts, hits) => countLookUps(counts, hits, 0, isLocal));
    share(found.misses, missed, (counts, misses) => countLookUps(counts, 0, misses, isLocal));
    return MIXED;
  }

  /** undefined: nothing was written, or the keys are locks. */
  write(exchange: Exchange, data: DataFacts): CacheFacts | undefined {
    const { entry, args, reply } = exchange;
    const { items } = entry.rule;
    if (items === undefined || isRefused(entry, args, reply)) return undefined;
    if (items.areFields) return this.writeFields(exchange);
    const end = endOfItems(items, args, entry.from);
    const expiry = readExpiry(entry, args, end, data);
    if (items.step !== undefined && end - entry.from > MAX_KEYS * items.step)
      return this.writeMany(exchange, items, end, expiry);
    const fills: Fill[] = [];
    const sizes: ValueSize[] = [];
    let common: Counts | undefined;
    let isCommon = true;
    for (let index = entry.from + items.first; index < end; index += items.step ?? end) {
      const key = args[index];
      const counts = this.cacheCounts.of(key, true);
      if (this.isLock(counts, key, exchange)) continue;
      common ??= counts;
      isCommon &&= counts === common;
      if (expiry === 'set') counts.writesWithTtl++;
      this.memory?.wrote(exchange, key, counts, expiry, data.ttlSeconds, fills);
      const bytes = items.step === undefined ? data.valueLength : lengthOf(args[index + items.step - 1]);
      if (bytes !== undefined) sizes.push({ family: counts, bytes });
    }
    if (common === undefined) return undefined;
    return factsOf(isCommon ? common.family : undefined, undefined, undefined, fills, sizes);
  }

  /** Handles a write of very many keys (see `lookUpMany`). */
  private writeMany(
    { endMonotonicMs, entry, args }: Exchange,
    { first, step = 1 }: Items,
    end: number,
    expiry: Expiry,
  ): CacheFacts {
    const from = entry.from + first;
    const sample = new Map<Counts, number>();
    const sizes: ValueSize[] = [];
    for (const index of sampled(from, end, step)) {
      const counts = this.cacheCounts.of(args[index], true);
      add(sample, counts, 1);
      const bytes = lengthOf(args[index + step - 1]);
      if (bytes !== undefined) sizes.push({ family: counts, bytes });
    }
    share(Math.ceil((end - from) / step), sample, (counts, writes) => countWrites(counts, writes, expiry));
    this.memory?.wroteMany(endMonotonicMs);
    return factsOf(undefined, undefined, undefined, NO_FILLS, sizes);
  }

  private writeFields(exchange: Exchange): CacheFacts | undefined {
    const { entry, args } = exchange;
    const counts = this.cacheCounts.of(args[entry.from], true);
    if (this.isLock(counts, args[entry.from], exchange)) return undefined;
    const fills: Fill[] = [];
    this.memory?.wroteFields(exchange, fills);
    return fills.length === 0 ? counts.plain : { ...counts.plain, fills };
  }

  /** Handles other commands that create keys: INCR, SADD, XADD, copies. undefined: no open miss was filled. */
  make(exchange: Exchange): CacheFacts | undefined {
    const { memory } = this;
    if (memory === undefined) return undefined;
    const { entry, args } = exchange;
    const fills: Fill[] = [];
    let family: string | undefined;
    for (const index of keysMade(entry, args, exchange.reply)) {
      const counts = this.cacheCounts.of(args[index], true);
      if (this.isLock(counts, args[index], exchange)) continue;
      family = counts.family;
      memory.made(exchange, index, fills);
    }
    return fills.length === 0 ? undefined : factsOf(family, undefined, undefined, fills);
  }

  /** Handles a write with hidden arguments. */
  writeMasked(exchange: Exchange): CacheFacts | undefined {
    const fills: Fill[] = [];
    if (!this.memory?.wroteMasked(exchange, fills)) return undefined;
    const { family } = this.cacheCounts.of(exchange.args[exchange.entry.from], true);
    return factsOf(family, undefined, undefined, fills);
  }
}

// Written out, so that all objects have the same shape.
function factsOf(
  family: string | undefined,
  miss?: Miss,
  missReason?: MissReason,
  fills = NO_FILLS,
  sizes = NO_SIZES,
): CacheFacts {
  return { family, miss, missReason, fills, sizes };
}

function countLookUps(counts: Counts, hits: number, misses: number, isLocal: boolean): void {
  if (isLocal) {
    counts.localHits += hits;
    counts.localMisses += misses;
  } else {
    counts.hits += hits;
    counts.misses += misses;
  }
}

function countWrites(counts: Counts, writes: number, expiry: Expiry): void {
  if (expiry === 'set') counts.writesWithTtl += writes;
  else if (expiry === 'none') counts.writesWithoutTtl += writes;
}
