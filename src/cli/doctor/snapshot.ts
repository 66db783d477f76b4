// Knows: what the probe writes down of a process, and the doctor reads.
// Must not know: how it is seen, what it means.

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

export interface SeenExporter {
  readonly name: string;
  readonly url?: string;
}

/** What one instrumentation made of its calls: `made` are spans that are recorded, `dropped` those of the sampler. */
export interface SeenScope {
  made: number;
  dropped: number;
  /** The first few. */
  readonly names: string[];
}

/** Commands by whoever sent them: `sender` is the file that wrote them to the socket. */
export interface SeenCommands {
  readonly sender: string;
  count: number;
  readonly names: string[];
}

export interface Snapshot {
  readonly pid: number;
  readonly node: string;
  readonly script: string | undefined;
  readonly cwd: string;
  readonly packages: readonly LoadedPackage[];
  readonly instrumentation: LoadedInstrumentation | undefined;
  /** The API as it is registered in the process, and the versions of the copies that could be asked. */
  readonly api: { readonly version: string | undefined; readonly registered: readonly string[] };
  readonly sdk: { readonly version: string | undefined; readonly exporters: readonly SeenExporter[]; readonly sampler: string } | undefined;
  readonly scopes: Readonly<Record<string, SeenScope>>;
  readonly commands: readonly SeenCommands[];
  /** Errors of connections that a redis client opened. */
  readonly connectionErrors: readonly string[];
  /** What our instrumentation said through `diag`. */
  readonly said: readonly string[];
  /** The options it was given in code, in words. */
  readonly options: Readonly<Record<string, string>>;
  /** OTEL_* as they are by now. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Variables through which the doctor and its probe agree. */
export const FOLDER_VARIABLE = 'OPENTELEMETRY_REDIS_DOCTOR_FOLDER';
export const PACKAGES_VARIABLE = 'OPENTELEMETRY_REDIS_DOCTOR_PACKAGES';
