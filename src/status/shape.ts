// Knows: what the instrumentation writes about itself on request, and which variable requests it.
// Must not know: how the values are determined, who reads them.

/**
 * A folder. Each instrumentation of a process that is started with this variable writes its status to a file there.
 */
export const STATUS_VARIABLE = 'OPENTELEMETRY_REDIS_DOCTOR_FOLDER';

/** The suffix of the names of those files. */
export const STATUS_ENDING = '.status.json';

export interface ExporterStatus {
  /** The name of its class. */
  readonly name: string;
  /** The address to which it sends. */
  readonly url?: string;
}

/** The current tracer provider. */
export interface ProviderStatus {
  readonly sdkVersion: string | undefined;
  /** A description; empty if no sampler is visible. */
  readonly sampler: string;
  /** Empty: exporters may exist that are not visible. */
  readonly exporters: readonly ExporterStatus[];
  /** Whether ended spans are passed to no exporter, as far as can be seen. */
  readonly isEmpty: boolean;
}

/** Counts of calls since the process began. */
export interface CommandCounts {
  /** Calls that get a span, if the recorder and the sampler agree. */
  readonly traced: number;
  /** The traced calls that have ended. */
  readonly ended: number;
  /** Calls that ended while a MeterProvider was registered. */
  readonly measured: number;
  /** Names of commands without a reply so far. */
  readonly waiting: readonly string[];
  /** Calls without a span, by the reason. */
  readonly refused: Readonly<Record<string, number>>;
}

export interface SpanCounts {
  /** Recorded spans. */
  readonly made: number;
  /** Spans that the sampler dropped. */
  readonly dropped: number;
  /** Names of the first few spans. */
  readonly names: readonly string[];
}

/** The state that only the instrumentation itself knows. */
export interface State {
  readonly isEnabled: boolean;
  /** Options given in code, as text: those that are not secret and can leave a process without spans. */
  readonly options: Readonly<Record<string, string>>;
  /** Other instrumentations that record redis, and how users switch that off. */
  readonly others: readonly { readonly name: string; readonly remedy: string }[];
  readonly provider: ProviderStatus | undefined;
}

export interface Status extends State {
  readonly pid: number;
  readonly thread: number;
  readonly commands: CommandCounts;
  readonly spans: SpanCounts;
  /** Messages that were reported through `diag`. */
  readonly said: readonly string[];
}
