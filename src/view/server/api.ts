// Knows: what programs and the page may request, as JSON.
// Must not know: how a request is answered, how telemetry is kept.
import { type Overview, overviewOf } from '../overview/overview';
import { queryFrom } from '../overview/search';
import { TRACE_LISTS, type TraceListName, type TraceLists, traceDetail } from '../overview/traces';
import type { Telemetry } from '../store/telemetry';

export interface Asked {
  readonly telemetry: Telemetry;
  readonly lists: TraceLists;
}

const PREFIX = '/api/';

/** Returns the content of a path under `/api/`; undefined: there is none. */
export function answerOf(path: string, parameters: URLSearchParams, asked: Asked): unknown {
  if (!path.startsWith(PREFIX)) return undefined;
  const [name = '', id, ...rest] = path.slice(PREFIX.length).split('/');
  if (rest.length > 0) return undefined;
  if (name === 'traces')
    return id === undefined ? listOf(parameters, asked) : traceDetail(asked.telemetry.records.traces, id);
  return id === undefined && Object.hasOwn(PARTS, name)
    ? PARTS[name]?.(overviewOf(asked.telemetry, asked.lists))
    : undefined;
}

/** The parts of the overview, by name. */
const PARTS: Readonly<Record<string, (overview: Overview) => unknown>> = {
  overview: ({ traces: _, ...rest }) => rest,
  families: ({ families }) => families,
  commands: ({ commands }) => commands,
  attention: ({ attention }) => attention,
};

function listOf(parameters: URLSearchParams, { lists }: Asked): unknown {
  const name = (parameters.get('list') ?? 'recent') as TraceListName;
  return TRACE_LISTS.includes(name) ? lists.find(name, queryFrom(parameters)) : undefined;
}
