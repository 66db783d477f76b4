// Knows: which keys a command looked up, wrote or took away, and what that means for each.
// Must not know: spans, metrics, clients.
import { type CommandRule, type Entry, endOfItems, type Items } from '../catalog';
import { callerIn } from '../core/context';
import type { Arguments, Command } from '../core/events';
import type { CacheFacts, DataFacts, Fill, Lookup, Miss, MissReason, ValueSize } from '../core/facts';
import { isFound, lengthOf } from './cache';
import { OpenMisses } from './cache-aside';
import { identityOf, Scopes } from './identity';
import { type Counts, NO_FILLS, NO_SIZES, type Tally } from './tally';
import { WrittenKeys } from './written';

/** A command of the table. */
export interface KnownEntry extends Entry {
  readonly rule: CommandRule;
}

/** What a command and its batch have in common: who called, when, and where it went. */
export type Origin = Pick<Command, 'client' | 'context' | 'isMasked' | 'startMark' | 'startTimeMs' | 'traced'>;

/** One command that succeeded. */
export interface Answered {
  readonly origin: Origin;
  readonly endMark: number;
  readonly entry: KnownEntry;
  readonly args: Arguments;
  readonly reply: unknown;
}

const MIXED: CacheFacts = { family: undefined, miss: undefined, missReason: undefined, fills: NO_FILLS, sizes: NO_SIZES };

/** Follows cached items. Without a memory it only counts. */
export class CacheTraffic {
  private readonly misses: OpenMisses | undefined;
  private readonly written: WrittenKeys | undefined;
  private readonly scopes = new Scopes();

  constructor(
    private readonly tally: Tally,
    remembers: boolean,
  ) {
    this.misses = remembers ? new OpenMisses() : undefined;
    this.written = remembers ? new WrittenKeys() : undefined;
  }

  expire(nowMark: number): void {
    this.misses?.expire(nowMark);
  }

  lookUp(answered: Answered, found: Lookup, isLocal: boolean): CacheFacts {
    const { entry, args } = answered;
    const { items } = entry.rule;
    if (found.several && items?.step !== undefined && !items.areFields) return this.lookUpKeys(answered, found, items, isLocal);
    const counts = this.tally.of(args[entry.from]);
    count(counts, found.hits, found.misses, isLocal);
    if (found.misses === 0 || this.misses === undefined || !items?.areWhole) return counts.plain;
    const miss: Miss = { span: undefined };
    const missReason = this.missed(answered, counts, entry.from, found.misses, miss);
    return { family: counts.family, miss, missReason: found.several ? undefined : missReason, fills: NO_FILLS, sizes: NO_SIZES };
  }

  /** A lookup whose key may be hidden from us. */
  countMasked(found: Lookup): CacheFacts {
    count(this.tally.of(undefined), found.hits, found.misses, false);
    return MIXED;
  }

  /** MGET, EXISTS: every item is a key, and may have a family of its own. */
  private lookUpKeys(answered: Answered, found: Lookup, items: Items, isLocal: boolean): CacheFacts {
    const { entry, args, reply } = answered;
    const { hit } = entry.rule;
    const elements = hit !== 'count' && Array.isArray(reply) ? reply : undefined;
    // The count of EXISTS tells which keys were there if it was all or none.
    const isTold = elements !== undefined || found.hits === 0 || found.misses === 0;
    const common = this.tally.of(args[entry.from]);
    let isCommon = true;
    let miss: Miss | undefined;
    const end = endOfItems(items, args, entry.from);
    for (let index = entry.from; index < end; index += items.step as number) {
      const counts = this.tally.of(args[index]);
      isCommon &&= counts === common;
      if (!isTold) continue;
      const isHit = elements === undefined ? found.misses === 0 : isFound(hit as 'each', elements[index - entry.from]);
      count(counts, isHit ? 1 : 0, isHit ? 0 : 1, isLocal);
      if (isHit || this.misses === undefined) continue;
      miss ??= { span: undefined };
      this.missed(answered, counts, index, 1, miss);
    }
    if (!isTold) count(isCommon ? common : this.tally.of(undefined), found.hits, found.misses, isLocal);
    if (miss === undefined) return isCommon ? common.plain : MIXED;
    return { family: isCommon ? common.family : undefined, miss, missReason: undefined, fills: NO_FILLS, sizes: NO_SIZES };
  }

  /** Remembers what a write may fill. `times` fields of the key at `index` were missed, or the key. */
  private missed(answered: Answered, counts: Counts, index: number, times: number, miss: Miss): MissReason | undefined {
    const { origin, endMark, entry, args, reply } = answered;
    const { items, hit } = entry.rule;
    const key = identityOf(args[index], this.scopes.of(origin.client.facts));
    const caller = callerIn(origin.context);
    if (items?.areFields) {
      for (let at = entry.from + 1; at < args.length; at++) {
        const element = Array.isArray(reply) ? reply[at - entry.from - 1] : reply;
        if (!isFound(hit as 'value', element)) this.misses?.add(identityOf(args[at], key | 0), counts, caller, endMark, miss);
      }
    } else this.misses?.add(key, counts, caller, endMark, miss);
    const reason = this.written?.reason(key, endMark);
    if (reason !== undefined) counts[reason] += times;
    return reason;
  }

  /**
   * undefined: nothing was written.
   * @param isLock it takes a lock: what is no fill then is no cache either
   */
  write(answered: Answered, data: DataFacts, isLock: boolean): CacheFacts | undefined {
    const { origin, entry, args, reply } = answered;
    const { items } = entry.rule;
    if (items === undefined || isRefused(entry, args, reply)) return undefined;
    const end = endOfItems(items, args, entry.from);
    const expiry = readExpiry(entry, args, end, data);
    const common = this.tally.of(args[entry.from + (items.areFields ? 0 : items.first)], true);
    const scope = this.written === undefined ? 0 : this.scopes.of(origin.client.facts);
    const callerOf = () => callerIn(origin.context);
    const fills: Fill[] = [];
    const sizes: ValueSize[] = [];
    let isCommon = true;
    const hash = items.areFields && this.misses !== undefined ? identityOf(args[entry.from], scope) : undefined;
    // Who found no hash at all is given one by whoever sets its fields.
    const found = hash === undefined ? undefined : this.misses?.fill(hash, callerOf, origin.startMark);
    if (found !== undefined) fills.push(found);
    for (let index = entry.from + items.first; index < end; index += items.step ?? end) {
      const counts = items.areFields ? common : this.tally.of(args[index], true);
      isCommon &&= counts === common;
      if (this.misses !== undefined) {
        const item = identityOf(args[index], hash === undefined ? scope : hash | 0);
        const fill = this.misses.fill(item, callerOf, origin.startMark);
        if (fill !== undefined) fills.push(fill);
        this.remember(hash ?? item, expiry, data.ttlSeconds, origin.startMark);
      }
      if (isLock && fills.length === 0) return undefined;
      if (expiry === 'set') counts.writesWithTtl++;
      else if (expiry === 'none') counts.writesWithoutTtl++;
      if (items.areFields) continue;
      const bytes = items.step === undefined ? data.valueLength : lengthOf(args[index + items.step - 1]);
      if (bytes !== undefined) sizes.push({ family: counts.family, bytes });
    }
    return { family: isCommon ? common.family : undefined, miss: undefined, missReason: undefined, fills, sizes };
  }

  private remember(key: number, expiry: Expiry, ttlSeconds: number | undefined, mark: number): void {
    if (expiry === 'kept') this.written?.wroteWithin(key, mark);
    else this.written?.wrote(key, ttlSeconds === undefined ? undefined : ttlSeconds * 1_000, mark);
  }

  /** Deletes, and what changes nothing but a time to live. */
  change({ origin, endMark, entry, args, reply }: Answered, data: DataFacts): void {
    const { written } = this;
    if (written === undefined) return;
    const { rule, canonical, from } = entry;
    if (canonical === 'FLUSHALL' || canonical === 'FLUSHDB') written.clear();
    const isDelete = rule.counts === 'deleted' || canonical === 'GETDEL';
    if (!isDelete && !rule.expires && canonical !== 'GETEX' && canonical !== 'PERSIST') return;
    if (isMissing(reply) || reply === 0 || reply === false) return;
    const scope = this.scopes.of(origin.client.facts);
    const end = rule.items === undefined ? from : endOfItems(rule.items, args, from);
    for (let index = from; index < end; index++) {
      const key = identityOf(args[index], scope);
      if (isDelete) written.deleted(key, endMark);
      else if (data.ttlSeconds !== undefined) written.wrote(key, data.ttlSeconds * 1_000, origin.startMark);
      else if (canonical === 'PERSIST') written.wrote(key, undefined, origin.startMark);
    }
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

/** `kept`: the write says nothing of it, and a later EXPIRE is usual. */
type Expiry = 'set' | 'none' | 'kept';

/** Beyond this many arguments no time to live is read. */
const MAX_COUNTED = 12;

function readExpiry({ rule, canonical, from }: KnownEntry, args: Arguments, end: number, data: DataFacts): Expiry {
  if (data.ttlSeconds !== undefined) return 'set';
  if (rule.items?.areFields || canonical.startsWith('JSON.') || !rule.items?.areWhole) return 'kept';
  if (rule.items.isCounted && end > from + MAX_COUNTED) return 'kept';
  return hasOption(args, end, 'KEEPTTL') ? 'kept' : 'none';
}

/** Whether Redis wrote nothing, because of NX, XX or the like. */
function isRefused({ canonical, from }: KnownEntry, args: Arguments, reply: unknown): boolean {
  if (canonical === 'GETSET') return false;
  if (canonical !== 'SET') return isMissing(reply) || ((reply === 0 || reply === false || reply === '0') && REFUSES_WITH_0.test(canonical));
  if (!hasOption(args, from + 2, 'GET')) return isMissing(reply);
  // The reply is what was there before.
  if (hasOption(args, from + 2, 'NX')) return !isMissing(reply);
  return hasOption(args, from + 2, 'XX') && isMissing(reply);
}

/** HSET answers 0 too, when all fields were there. */
const REFUSES_WITH_0 = /NX$|^H?M?SETEX$/;

function isMissing(reply: unknown): boolean {
  return reply === null || reply === undefined;
}

function hasOption(args: Arguments, from: number, option: string): boolean {
  for (let index = from; index < args.length; index++) {
    const arg = args[index];
    if (typeof arg === 'string' && arg.length === option.length && arg.toUpperCase() === option) return true;
  }
  return false;
}
