// Knows: what the probe writes about a process for the doctor.
// Must not know: how it is observed, what it means, what the instrumentation itself writes.

/** A package that matters, as loaded in a process. */
export interface LoadedPackage {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
  /** Its position in the order in which modules were loaded. */
  readonly order: number;
}

/** Our package, and the file by which it was loaded. */
export interface LoadedInstrumentation extends LoadedPackage {
  readonly entries: readonly string[];
}

/** Commands by sender: `sender` is the file that wrote them to the socket. */
export interface SeenCommands {
  readonly sender: string;
  count: number;
  readonly names: string[];
}

export interface Snapshot {
  readonly pid: number;
  readonly thread: number;
  /** undefined: the folder was deleted. */
  readonly cwd: string | undefined;
  /** Whether the event loop has turned. Before that, a program has only been loading. */
  readonly hasTurned: boolean;
  readonly packages: readonly LoadedPackage[];
  readonly instrumentation: LoadedInstrumentation | undefined;
  /** The API that is registered in the process. */
  readonly api: { readonly version: string | undefined; readonly registered: readonly string[] };
  readonly commands: readonly SeenCommands[];
  /** Errors of connections that a redis client opened. */
  readonly connectionErrors: readonly string[];
  /** The current OTEL_* variables. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The suffix of the names of its files. */
export const PROBE_ENDING = '.probe.json';

/** The variable by which the doctor tells its probe which packages matter. */
export const PACKAGES_VARIABLE = 'OPENTELEMETRY_REDIS_DOCTOR_PACKAGES';
