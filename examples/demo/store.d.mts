export interface StoredSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string | undefined;
  name: string;
  scope: string | undefined;
  startMs: number;
  durationMs: number;
  failed: boolean;
  attributes: Record<string, unknown>;
  /** The spans that it is linked to. */
  linkedIds: string[];
}

export interface Series {
  attributes: Record<string, unknown>;
  value: number;
  peak: number;
}

export interface Store {
  readonly spans: StoredSpan[];
  addTraces(body: unknown): void;
  addMetrics(body: unknown): void;
  series(name: string): Series[];
}

export declare function createStore(): Store;
export declare function isRedisSpan(span: StoredSpan): boolean;
