// Knows: that telemetry arrives, and when.
// Must not know: how it was sent, its content, who reads it.
import { readPoints, readSpans, type Span } from '../otlp/message';
import { addConnections, addPoint } from './points';
import { Records } from './records';
import { addSpan } from './spans';

/** The received amounts, and the last refusal with its reason. */
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

  /** Adds a whole ExportTraceServiceRequest; if it throws, nothing was added. */
  addTraces(body: unknown): void {
    const spans = readSpans(body);
    const nowMs = this.clock();
    for (const span of spans) addSpan(this.records, span, nowMs);
    this.received.spans += spans.length;
    this.arrived(nowMs);
  }

  /** Adds a whole ExportMetricsServiceRequest; if it throws, nothing was added. */
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

  /** Returns every kept span. */
  spans(): Span[] {
    return [...this.records.traces.all()].flatMap(({ spans }) => spans);
  }

  private arrived(nowMs: number): void {
    this.received.firstMs ||= nowMs;
    this.received.lastMs = nowMs;
  }
}
