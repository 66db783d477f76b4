// Knows: that telemetry arrives, and when.
// Must not know: how it came in, what it says, or who looks.
import { readPoints, readSpans, type Span } from '../otlp/message';
import { addConnections, addPoint } from './points';
import { Records } from './records';
import { addSpan } from './spans';

/** What came, and what was turned down and why, the last time. */
export interface Received {
  spans: number;
  points: number;
  firstMs: number;
  lastMs: number;
  refusals: number;
  refusal: string | undefined;
}

export class Telemetry {
  readonly records = new Records();
  readonly received: Received = { spans: 0, points: 0, firstMs: 0, lastMs: 0, refusals: 0, refusal: undefined };

  constructor(readonly clock: () => number = Date.now) {}

  /** Takes an ExportTraceServiceRequest whole, or throws and takes nothing of it. */
  addTraces(body: unknown): void {
    const spans = readSpans(body);
    const nowMs = this.clock();
    for (const span of spans) addSpan(this.records, span, nowMs);
    this.received.spans += spans.length;
    this.arrived(nowMs);
  }

  /** Takes an ExportMetricsServiceRequest whole, or throws and takes nothing of it. */
  addMetrics(body: unknown): void {
    const points = readPoints(body);
    const nowMs = this.clock();
    for (const point of points) addPoint(this.records, point, nowMs);
    addConnections(this.records, nowMs);
    this.received.points += points.length;
    this.arrived(nowMs);
  }

  refused(reason: string): void {
    this.received.refusals++;
    this.received.refusal = reason;
  }

  /** Every span that is kept. */
  spans(): Span[] {
    return [...this.records.traces.all()].flatMap(({ spans }) => spans);
  }

  private arrived(nowMs: number): void {
    this.received.firstMs ||= nowMs;
    this.received.lastMs = nowMs;
  }
}
