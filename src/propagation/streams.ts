// Knows: how a stream entry carries the context of its sender, and which commands add and read entries.
// Must not know: clients, redis versions, spans, metrics.
import { type Context, ROOT_CONTEXT } from '@opentelemetry/api';
import {
  assignRoles,
  claimedEntries,
  entries,
  lookup,
  type Part,
  partsByStream,
  type Role,
  shownEntries,
} from '../catalog';
import type { Arguments, ClientRef } from '../core/events';
import type { Recalled, Receipt, Receiving, Sending, Transfer } from '../core/propagator';
import type { Report } from '../core/recorder';
import { type Carrier, extracted, injected } from './carrier';
import { fieldOf, takeField } from './field';
import { isText, type NameMatcher } from './names';
import { RecentEntries } from './recent';

/** A command that reads entries. With kind `look` it is not a consumer: the context is only removed from its reply. */
interface Reader {
  readonly kind: Receiving['kind'];
  read(reply: unknown): readonly Part[];
}

const READERS: ReadonlyMap<string, Reader> = new Map([
  ['XREAD', { kind: 'receive', read: partsByStream }],
  ['XREADGROUP', { kind: 'receive', read: partsByStream }],
  ['XCLAIM', { kind: 'receive', read: entries }],
  ['XAUTOCLAIM', { kind: 'receive', read: claimedEntries }],
  ['XRANGE', { kind: 'look', read: entries }],
  ['XREVRANGE', { kind: 'look', read: entries }],
  ['XINFO STREAM', { kind: 'look', read: shownEntries }],
]);

/** What is remembered of an entry that was read. */
interface Delivery {
  readonly client: ClientRef;
  readonly group: unknown;
  readonly carrier: Carrier | undefined;
}

/** Entries that were read lately. */
interface Memory {
  readonly listed: RecentEntries<Delivery>;
  /** Entries of streams that are not listed. An id among these may belong to such a stream. */
  readonly others: RecentEntries<undefined>;
}

/** Propagates context in the entries of the configured streams. */
export class StreamPropagator {
  private readonly memory: Memory = { listed: new RecentEntries(), others: new RecentEntries() };

  constructor(
    private readonly matches: NameMatcher,
    private readonly report: Report,
  ) {}

  transferOf(args: Arguments): Transfer | undefined {
    const { canonical, rule, from } = lookup(args);
    const reader = READERS.get(canonical);
    if (rule === undefined || (reader === undefined && canonical !== 'XADD')) return undefined;
    const roles: Role[] = [];
    assignRoles(rule.grammar, args, from, args.length, roles);
    const keys = args.filter((_, index) => roles[index] === 'key');
    const streams = keys.filter(this.matches);
    if (reader === undefined) return streams.length === 0 ? undefined : additionOf(args, roles, streams[0]);
    if (streams.length === 0)
      return reader.kind === 'look' ? undefined : this.reading({ ...reader, kind: 'look' }, NOTHING);
    const others = keys.filter((key) => !streams.includes(key));
    // The first name is that of the consumer group, in every command that has one.
    const groupAt = roles.indexOf('name');
    return this.reading(reader, { streams, others, group: groupAt < 0 ? undefined : args[groupAt] });
  }

  recall(id: string, stream: string | undefined): Recalled | undefined {
    const { listed, others } = this.memory;
    const nowMonotonicMs = performance.now();
    if (stream === undefined && others.find(id, undefined, nowMonotonicMs) !== undefined) return undefined;
    const found = listed.find(id, stream, nowMonotonicMs);
    if (found === undefined) return undefined;
    const { client, group, carrier } = found.value;
    const contextIn = (around: Context) => carrier && extracted(around, carrier, this.report);
    return { client, group, stream: found.stream, contextIn };
  }

  private reading(reader: Reader, sources: Sources): Reading {
    return new Reading(reader, sources, this.memory, this.report);
  }
}

const NOTHING: Sources = { streams: [], others: [], group: undefined };

/** undefined: nothing is injected. Redis will refuse the command, and our field must not make it valid. */
function additionOf(args: Arguments, roles: readonly Role[], stream: unknown): Sending | undefined {
  const first = roles.indexOf('field');
  // Fields are found only behind an id.
  if (first < 0 || (args.length - first) % 2 !== 0) return undefined;
  return {
    kind: 'send',
    destination: stream,
    inject: (sender) => (isIdempotent(args, roles) ? undefined : inject(args, sender)),
  };
}

/** Redis compares all fields to detect a duplicate entry; our field would make every entry unique. */
function isIdempotent(args: Arguments, roles: readonly Role[]): boolean {
  return args.some((arg, index) => roles[index] === 'word' && String(arg).toUpperCase() === 'IDMPAUTO');
}

function inject(args: Arguments, sender: Context): Arguments | undefined {
  const carrier = injected(sender);
  const field = carrier && fieldOf(carrier);
  return field === undefined ? undefined : [...args, ...field];
}

interface Sources {
  readonly streams: readonly unknown[];
  /** The streams that the command reads besides. */
  readonly others: readonly unknown[];
  readonly group: unknown;
}

/** One command that reads entries, until its reply. */
class Reading implements Receiving {
  receipt: Receipt | undefined;

  constructor(
    private readonly reader: Reader,
    private readonly sources: Sources,
    private readonly memory: Memory,
    private readonly report: Report,
  ) {}

  get kind(): Receiving['kind'] {
    return this.reader.kind;
  }

  get streams(): readonly unknown[] {
    return this.sources.streams;
  }

  get group(): unknown {
    return this.sources.group;
  }

  extract(reply: unknown, { facts }: ClientRef): void {
    if (this.receipt !== undefined) return;
    const counts = new Map<string, number>();
    const carriers: Carrier[] = [];
    this.receipt = { counts, senders: () => contextsIn(carriers, this.report) };
    // The facts of now: whoever is remembered keeps no client.
    const client = { facts };
    for (const [name, parts] of this.reader.read(reply)) {
      const stream = this.listed(name ?? this.streams[0]);
      if (stream === undefined) {
        this.passBy(parts);
        continue;
      }
      counts.set(stream, (counts.get(stream) ?? 0) + parts.length);
      for (const entry of parts) this.open(entry, stream, client, carriers);
    }
  }

  private passBy(parts: readonly unknown[]): void {
    const nowMonotonicMs = performance.now();
    for (const entry of parts) {
      const id: unknown = Array.isArray(entry) ? entry[0] : undefined;
      if (isText(id)) this.memory.others.add(id.toString(), '', undefined, 0, nowMonotonicMs);
    }
  }

  private open(entry: unknown, stream: string, client: ClientRef, carriers: Carrier[]): void {
    if (!Array.isArray(entry)) return; // an id alone, or a deleted entry
    const [id, fields] = entry;
    const carrier = takeField(fields);
    if (carrier !== undefined) carriers.push(carrier);
    if (isText(id)) this.remember(id.toString(), stream, { client, group: this.group, carrier });
  }

  /** A look at an entry must not replace the record of the consumer that received it. */
  private remember(id: string, stream: string, origin: Delivery): void {
    const nowMonotonicMs = performance.now();
    if (this.kind === 'look' && this.memory.listed.find(id, stream, nowMonotonicMs) !== undefined) return;
    this.memory.listed.add(id, stream, origin, lengthOf(origin.carrier), nowMonotonicMs);
  }

  /** Redis answers with full names; redis 2 and 3 may have added a `prefix` to them. */
  private listed(key: unknown): string | undefined {
    const { streams, others } = this.sources;
    if (streams.length === 0) return undefined;
    const name = String(key);
    const isWhole = (key: unknown): boolean => name === String(key);
    if (streams.some(isWhole)) return name;
    return !others.some(isWhole) && streams.some((key) => name.endsWith(String(key))) ? name : undefined;
  }
}

function lengthOf(carrier: Carrier | undefined): number {
  let length = 0;
  for (const name in carrier) length += name.length + (carrier[name] as string).length;
  return length;
}

function* contextsIn(carriers: readonly Carrier[], report: Report): Generator<Context> {
  for (const carrier of carriers) yield extracted(ROOT_CONTEXT, carrier, report);
}
