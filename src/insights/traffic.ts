// Knows: which keys a command looked up, wrote or made, and for which family each counts.
// Must not know: spans, metrics, clients, which keys are locks.
import { endOfItems, type Items } from '../catalog';
import type { CacheFacts, DataFacts, Fill, Lookup, Miss, MissReason, ValueSize } from '../core/facts';
import { isMissing, lengthOf } from './cache';
import { type CacheCounts, type Counts, NO_FILLS, NO_SIZES } from './cache-counts';
import { CacheMemory } from './cache-memory';
import type { Exchange } from './exchange';
import { isRefused, keysMade, readExpiry } from './life';

/** Whether a key is a lock, and so not cached data. */
export type IsLock = (counts: Counts, key: unknown, exchange: Exchange) => boolean;

/** Of one command so many keys are read. Others are counted in the family of keys without a name. */
export const MAX_KEYS = 1_000;

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
    const readEnd = Math.min(end, entry.from + MAX_KEYS * step);
    let { hits, misses } = found;
    for (let index = entry.from; index < readEnd; index += step) {
      const isHit = elements === undefined ? found.misses === 0 : !isMissing(elements[index - entry.from]);
      if (isHit) hits--;
      else misses--;
      const counts = this.cacheCounts.of(args[index]);
      if (this.isLock(counts, args[index], exchange)) {
        leaveOut(found, isHit);
        continue;
      }
      common ??= counts;
      isCommon &&= counts === common;
      countLookUps(counts, isHit ? 1 : 0, isHit ? 0 : 1, isLocal);
      if (isHit && !isLocal) this.memory?.found(exchange, index);
      if (isHit || this.memory === undefined) continue;
      miss ??= { span: undefined };
      const reason = this.memory.missed(exchange, counts, index, miss);
      if (reason !== undefined) counts[reason] += 1;
    }
    if (readEnd < end) countLookUps(this.cacheCounts.of(undefined), hits, misses, isLocal);
    if (common === undefined) return undefined;
    const isOne = isCommon && readEnd === end;
    if (miss === undefined) return isOne ? common.plain : MIXED;
    return factsOf(isOne ? common.family : undefined, miss);
  }

  /** undefined: nothing was written, or the keys are locks. */
  write(exchange: Exchange, data: DataFacts): CacheFacts | undefined {
    const { entry, args, reply } = exchange;
    const { items } = entry.rule;
    if (items === undefined || isRefused(entry, args, reply)) return undefined;
    if (items.areFields) return this.writeFields(exchange);
    const end = endOfItems(items, args, entry.from);
    const expiry = readExpiry(entry, args, end, data);
    const first = entry.from + items.first;
    const readEnd = items.step === undefined ? end : Math.min(end, first + MAX_KEYS * items.step);
    const fills: Fill[] = [];
    const sizes: ValueSize[] = [];
    let common: Counts | undefined;
    let isCommon = true;
    for (let index = first; index < readEnd; index += items.step ?? end) {
      const key = args[index];
      const counts = this.cacheCounts.of(key, true);
      if (this.isLock(counts, key, exchange)) continue;
      common ??= counts;
      isCommon &&= counts === common;
      if (expiry === 'set') counts.writesWithTtl++;
      this.memory?.wrote(exchange, key, counts, expiry, data.ttlSeconds, fills);
      if (!exchange.isCounted) continue;
      const bytes = items.step === undefined ? data.valueLength : lengthOf(args[index + items.step - 1]);
      if (bytes !== undefined) sizes.push({ family: counts, bytes });
    }
    if (items.step !== undefined && readEnd < end) {
      const left = Math.ceil((end - readEnd) / items.step);
      const counts = this.cacheCounts.of(undefined, true);
      if (expiry === 'set') counts.writesWithTtl += left;
      else if (expiry === 'none') counts.writesWithoutTtl += left;
      this.memory?.wroteMany(exchange.endMonotonicMs);
    }
    if (common === undefined) return undefined;
    return factsOf(isCommon && readEnd === end ? common.family : undefined, undefined, undefined, fills, sizes);
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

/** What was found of several keys is counted anew for each command. */
function leaveOut(found: { -readonly [Name in keyof Lookup]: Lookup[Name] }, isHit: boolean): void {
  if (!found.several) return;
  if (isHit) found.hits--;
  else found.misses--;
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
