// Knows: the process it was preloaded into, and when to write down what happens there.
// Must not know: what any of it means; and of packages nothing, not even ours: what it loaded would change what it looks at.
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { ApiWatch } from './api-watch';
import { ClassWatch } from './class-watch';
import { loadedInstrumentation, loadedPackages } from './loaded';
import { quietly } from './quietly';
import { FOLDER_VARIABLE, PACKAGES_VARIABLE, type Snapshot } from './snapshot';
import { TrafficWatch } from './traffic-watch';

const INTERVAL_MS = 200;

/** `NODE_OPTIONS` and this reach every process that the program starts: each writes a file of its own. */
function observe(folder: string): void {
  const packages = (process.env[PACKAGES_VARIABLE] ?? '').split(',');
  const api = new ApiWatch();
  const classes = new ClassWatch(api);
  const traffic = new TrafficWatch(packages);
  const file = join(folder, `${process.pid}-${threadId}.json`);
  const snapshot = (): Snapshot => ({
    pid: process.pid,
    node: process.versions.node,
    script: process.argv[1],
    cwd: process.cwd(),
    packages: loadedPackages(packages),
    instrumentation: loadedInstrumentation(),
    ...api.seen(),
    ...traffic.seen(),
    options: classes.options,
    environment: telemetryVariables(),
  });
  const write = (): void =>
    quietly(() => {
      writeFileSync(`${file}.part`, JSON.stringify(snapshot()), { mode: 0o600 });
      renameSync(`${file}.part`, file);
    });
  write();
  setInterval(write, INTERVAL_MS).unref();
  process.once('exit', write);
}

/** After the program's own changes to them. The file they go to is private to the user and deleted by the doctor. */
function telemetryVariables(): Record<string, string> {
  const entries = Object.entries(process.env).filter(([name]) => name.startsWith('OTEL_'));
  return Object.fromEntries(entries.map(([name, value = '']) => [name, value]));
}

const folder = process.env[FOLDER_VARIABLE];
if (folder !== undefined) quietly(() => observe(folder));
