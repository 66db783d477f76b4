// Knows: how the parts make one view: telemetry comes in, a page and a terminal show it.
// Must not know: who starts the programs that send it.
import { lineFor } from './environment';
import { overviewOf } from './overview/overview';
import { TraceLists } from './overview/traces';
import { startServer } from './server/server';
import { Telemetry } from './store/telemetry';
import { createPaint } from './terminal/paint';
import { renderSummary } from './terminal/summary';
import { renderWaterfall, type Step } from './terminal/waterfall';

export { environmentFor } from './environment';
export type { Span } from './otlp/message';

export interface View {
  readonly telemetry: Telemetry;
  /** The page, and the endpoint for telemetry. */
  readonly url: string;
  /** The command of a program that is started elsewhere, with what has to stand before it. */
  readonly line: string;
  stop(): Promise<void>;
}

/** Opens the page on a port of the loopback interface; 0 takes a free one. */
export async function openView(port = 0): Promise<View> {
  const telemetry = new Telemetry();
  const { url, stop } = await startServer(telemetry, port, lineFor);
  return { telemetry, url, line: lineFor(url), stop };
}

const DEFAULT_COLUMNS = 120;

/** The waterfall and the summary, for a terminal. */
export function printReport({ telemetry }: View, steps: readonly Step[], stream: NodeJS.WriteStream, maxRows?: number): void {
  const paint = createPaint(stream, process.env);
  const waterfall = renderWaterfall(steps, telemetry.spans(), { paint, columns: stream.columns ?? DEFAULT_COLUMNS, maxRows });
  const summary = renderSummary(overviewOf(telemetry, new TraceLists(telemetry.records.traces)), paint);
  stream.write(`\n${[...waterfall, ...summary].join('\n')}\n`);
}
