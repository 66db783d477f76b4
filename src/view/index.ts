// Knows: how the parts make one view: telemetry is received, and shown by a page and a terminal.
// Must not know: who starts the programs that send telemetry.
import { type ConnectLines, linesFor } from './environment';
import { type Overview, overviewOf } from './overview/overview';
import { TraceLists } from './overview/traces';
import { startServer } from './server/server';
import { Telemetry } from './store/telemetry';
import { createPaint } from './terminal/paint';
import { renderSummary } from './terminal/summary';
import { renderWaterfall, type Step } from './terminal/waterfall';

export { type Budget, readBudgets } from './budget';
export { environmentFor } from './environment';

export interface View {
  readonly telemetry: Telemetry;
  /** The address of the page, and of the endpoint for telemetry. */
  readonly url: string;
  /** Lines that start a program so that it sends its telemetry here. */
  readonly lines: ConnectLines;
  stop(): Promise<void>;
}

/** Opens the page on a port of the loopback interface; 0 takes a free one. */
export async function openView(port = 0): Promise<View> {
  const telemetry = new Telemetry();
  const { url, stop } = await startServer(telemetry, port, linesFor);
  return { telemetry, url, lines: linesFor(url), stop };
}

const DEFAULT_COLUMNS = 120;

export function overviewFrom({ telemetry }: View): Overview {
  return overviewOf(telemetry, new TraceLists(telemetry.records.traces));
}

/**
 * Writes the waterfall and the summary to a terminal.
 * @param maxRows the number of spans shown of each step
 */
export function printReport(view: View, steps: readonly Step[], stream: NodeJS.WriteStream, maxRows?: number): void {
  const paint = createPaint(stream, process.env);
  const layout = { paint, columns: stream.columns ?? DEFAULT_COLUMNS, maxRows };
  const waterfall = renderWaterfall(steps, view.telemetry.spans(), layout);
  const summary = renderSummary(overviewFrom(view), paint);
  stream.write(`\n${[...waterfall, ...summary].join('\n')}\n`);
}
