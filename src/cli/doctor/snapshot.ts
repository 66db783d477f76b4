// Knows: what the probe writes down of a process, and the doctor reads.
// Must not know: how it is seen, what it means; what the instrumentation writes down itself.

/** A package of interest, as far as a process has loaded it. */
export interface LoadedPackage {
  readonly name: string;
  readonly version: string;
  readonly folder: string;
  /** Its place in the order in which modules were loaded. */
  readonly order: number;
}

/** Ours, and by which of its files it came in. */
export interface LoadedInstrumentation extends LoadedPackage {
  readonly entries: readonly string[];
}

/** Commands by whoever sent them: `sender` is the file that wrote them to the socket. */
export interface SeenCommands {
  readonly sender: string;
  count: number;
  readonly names: string[];
}

export interface Snapshot {
  readonly pid: number;
  readonly thread: number;
  readonly script: string | undefined;
  /** undefined: it was deleted. */
  readonly cwd: string | undefined;
  /** Whether the program is its own executable, with Node.js in it. */
  readonly isSingleExecutable: boolean;
  /** Whether the event loop has come round: until then, a program has only been loading. */
  readonly hasTurned: boolean;
  readonly packages: readonly LoadedPackage[];
  readonly instrumentation: LoadedInstrumentation | undefined;
  /** The API as it is registered in the process. */
  readonly api: { readonly version: string | undefined; readonly registered: readonly string[] };
  readonly commands: readonly SeenCommands[];
  /** Errors of connections that a redis client opened. */
  readonly connectionErrors: readonly string[];
  /** OTEL_* as they are by now. */
  readonly environment: Readonly<Record<string, string>>;
}

/** How the names of its files end. */
export const PROBE_ENDING = '.probe.json';

/** Through which the doctor tells its probe which packages are of interest. */
export const PACKAGES_VARIABLE = 'OPENTELEMETRY_REDIS_DOCTOR_PACKAGES';
