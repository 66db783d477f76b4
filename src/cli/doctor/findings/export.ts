// Knows: ways in which spans do not leave the process, or do not arrive.
// Must not know: how they are made.
import { exportsNone } from '../evidence';
import { note, problem, type Row } from '../finding';

export const EXPORT: readonly Row[] = [
  {
    id: 'no-exporter',
    look: (evidence) => {
      const { sdk } = evidence;
      // With none, the NodeSDK does not even register a tracer provider.
      if (exportsNone(evidence)) return problem('OTEL_TRACES_EXPORTER=none: spans go nowhere.', 'OTEL_TRACES_EXPORTER=otlp');
      if (sdk === undefined || sdk.exporters.length > 0) return undefined;
      return problem('The SDK has no exporter of spans that could be found.', 'give the SDK a traceExporter or a span processor');
    },
  },
  {
    id: 'unreachable',
    look: ({ reaches }) => {
      const dead = reaches.find(({ error }) => error !== undefined);
      if (dead === undefined) return undefined;
      return problem(
        `Nobody takes spans at ${dead.origin} (${dead.error}).`,
        'start the collector, or set OTEL_EXPORTER_OTLP_ENDPOINT to where it is',
      );
    },
  },
  {
    id: 'refused',
    look: ({ reaches }) => {
      const refusing = reaches.find(({ status = 200 }) => status >= 400 && status !== 400 && status !== 415);
      if (refusing === undefined) return undefined;
      return problem(`${refusing.origin} answers ${refusing.status} to an empty export.`, adviceFor(refusing.status));
    },
  },
  {
    id: 'kept-in-memory',
    look: ({ sdk }) => {
      if (sdk === undefined || sdk.exporters.length === 0 || sdk.exporters.some(({ name }) => !/^InMemory/.test(name))) return undefined;
      return note('Spans are kept in memory and sent nowhere.', 'OTEL_TRACES_EXPORTER=otlp');
    },
  },
];

function adviceFor(status: number | undefined): string {
  if (status === 401 || status === 403) return 'set the credentials in OTEL_EXPORTER_OTLP_HEADERS';
  if (status === 404 || status === 405)
    return 'OTEL_EXPORTER_OTLP_ENDPOINT is the base address; /v1/traces is added to it, but not to OTEL_EXPORTER_OTLP_TRACES_ENDPOINT';
  return 'look at the log of the collector';
}
