// Knows: what is kept of received telemetry, and the limit of each part.
// Must not know: where it comes from (spans, points), how it is shown (overview).

import { AttentionList } from './attention';
import { Durations } from './durations';
import { attentionOf, type Lookup, repeatedCallsOf } from './reading';
import { Series } from './series';
import { Slowest } from './slowest';
import { Traces } from './traces';
import { Ring, Table } from './window';

const LOOKUPS = ['hits', 'misses'] as const;
const COMMANDS = ['calls', 'errors'] as const;
const ERRORS = ['errors'] as const;

const MAX_SERVICES = 50;
const MAX_POOLS = 50;
const MAX_COMMANDS = 100;

export class Records {
  readonly traces = new Traces((span) => attentionOf(span) !== undefined || repeatedCallsOf(span) !== undefined);
  readonly series = new Series();
  readonly attention = new AttentionList();
  readonly slowest = new Slowest();
  readonly durations = new Durations(MAX_COMMANDS);

  /** The open connections of all programs. */
  readonly connections = new Ring();

  /** Metrics are exact. Spans may be sampled, but are the only source where no metrics arrive. */
  readonly lookups = { metrics: new Table(LOOKUPS), spans: new Table(LOOKUPS) };
  readonly commands = { metrics: new Table(COMMANDS, MAX_COMMANDS), spans: new Table(COMMANDS, MAX_COMMANDS) };
  readonly errorTypes = { metrics: new Table(ERRORS), spans: new Table(ERRORS) };
  readonly services = new Table(['spans'], MAX_SERVICES);
  readonly families = new Table(['fills', 'loadMs', 'stampedes', 'unfilled', 'immortal']);
  readonly locks = new Table([
    'acquired',
    'refused',
    'renewed',
    'released',
    'lost',
    'held',
    'heldMs',
    'waited',
    'waitedMs',
  ]);
  readonly channels = new Table(['sent', 'consumed', 'processed', 'processedMs']);
  readonly pools = new Table(['peakUsed', 'waited', 'waitedMs', 'timeouts'], MAX_POOLS);
}

export function addLookup(table: Table<keyof Lookup>, family: string, { hits, misses }: Lookup, step: number): void {
  const row = table.row(family, step);
  row.hits.add(hits, step);
  row.misses.add(misses, step);
}
