// Knows: what the instrumentation writes down of itself when it is asked, and by which variable it is asked.
// Must not know: how it comes by it, who reads it.

/** A folder. Each instrumentation of a process that is started with it keeps a file there, which says how it does. */
export const STATUS_VARIABLE = 'OPENTELEMETRY_REDIS_DOCTOR_FOLDER';

/** How the names of those files end. */
export const STATUS_ENDING = '.status.json';

export interface ExporterStatus {
  /** What its class is called. */
  readonly name: string;
  /** Where it sends. */
  readonly url?: string;
  readonly keepsInMemory: boolean;
}

/** The tracer provider that is used now. */
export interface ProviderStatus {
  readonly sdkVersion: string | undefined;
  /** In words; empty if none is to be seen. */
  readonly sampler: string;
  /** None: there may be some that cannot be seen. */
  readonly exporters: readonly ExporterStatus[];
  /** Whether a span that ends is handed to nobody, as far as can be seen. */
  readonly isEmpty: boolean;
}

/** What became of calls, since the process began. */
export interface CommandCounts {
  /** Calls that have a span, if the recorder and the sampler make one. */
  readonly traced: number;
  /** Of those, the ones that have ended. */
  readonly ended: number;
  /** Calls that ended while a MeterProvider was there. */
  readonly measured: number;
  /** Names of commands that have no reply yet. */
  readonly waiting: readonly string[];
  /** Calls without a span, by why they have none. */
  readonly refused: Readonly<Record<string, number>>;
}

export interface SpanCounts {
  /** Spans that are recorded. */
  readonly made: number;
  /** Spans that the sampler dropped. */
  readonly dropped: number;
  /** Names of the first few. */
  readonly names: readonly string[];
}

/** What only the instrumentation itself can tell of its state. */
export interface State {
  readonly isEnabled: boolean;
  /** Options given in code, in words: those that hold no secret and can leave a process without spans. */
  readonly options: Readonly<Record<string, string>>;
  /** Copies of redis that are patched, with their versions. */
  readonly seams: readonly string[];
  /** Other instrumentations that record redis as well, and how their users switch that off. */
  readonly others: readonly { readonly name: string; readonly remedy: string }[];
  readonly provider: ProviderStatus | undefined;
  /** Whether metrics are recorded. */
  readonly isMeasuring: boolean;
}

export interface Status extends State {
  readonly pid: number;
  readonly thread: number;
  readonly commands: CommandCounts;
  readonly spans: SpanCounts;
  /** What it reported through `diag`. */
  readonly said: readonly string[];
}
