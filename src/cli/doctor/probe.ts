// Knows: the process into which it was preloaded, and when to write its state to a file.
// Must not know: what the state means; any package, even ours: loading it would change the process that is watched.
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { STATUS_VARIABLE } from '../../status/shape';
import { ignoringErrors } from './ignoring-errors';
import { loadedInstrumentation, loadedPackages } from './loaded';
import { PACKAGES_VARIABLE, PROBE_ENDING, type Snapshot } from './snapshot';
import { TrafficWatch } from './traffic-watch';

const INTERVAL_MS = 100;

/** The object in which every copy of OpenTelemetry's API registers globals. */
const API = Symbol.for('opentelemetry.js.api.1');

/** `NODE_OPTIONS` and this variable reach every process that the program starts. Each writes its own file. */
function observe(folder: string): void {
  const packages = (process.env[PACKAGES_VARIABLE] ?? '').split(',');
  const traffic = new TrafficWatch(packages);
  const file = join(folder, `${process.pid}-${threadId}${PROBE_ENDING}`);
  let hasTurned = false;
  const snapshot = (): Snapshot => ({
    pid: process.pid,
    thread: threadId,
    cwd: workingDirectory(),
    hasTurned,
    packages: loadedPackages(packages),
    instrumentation: loadedInstrumentation(),
    api: registeredApi(),
    ...traffic.seen(),
    environment: telemetryVariables(),
  });
  const write = (): void =>
    ignoringErrors(() => {
      writeFileSync(`${file}.part`, JSON.stringify(snapshot()), { mode: 0o600 });
      renameSync(`${file}.part`, file);
    });
  write();
  setInterval(() => {
    hasTurned = true;
    write();
  }, INTERVAL_MS).unref();
  process.once('exit', write);
}

function workingDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

function registeredApi(): Snapshot['api'] {
  const { [API]: globals = {} } = globalThis as { [API]?: { readonly version?: string } };
  const { version, ...registered } = globals;
  return { version, registered: Object.keys(registered) };
}

/** Read after the program changed them. The file is private to the user, and the doctor deletes it. */
function telemetryVariables(): Record<string, string> {
  const entries = Object.entries(process.env).filter(([name]) => name.startsWith('OTEL_'));
  return Object.fromEntries(entries.map(([name, value = '']) => [name, value]));
}

const folder = process.env[STATUS_VARIABLE];
if (folder !== undefined) ignoringErrors(() => observe(folder));
