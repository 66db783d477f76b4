// Knows: how a program comes to be run by the doctor, and in which folder, with which packages in it.
// Must not know: what is found.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { type RedisServer, startStandalone } from '../../scripts/redis-server.mjs';
import { type Ended, type Installation, installation, run } from '../packaging/installation';
import { type Receiver, startReceiver } from '../packaging/receiver';

export const NAME = 'opentelemetry-instrumentation-redis';
const ROOT = resolve(__dirname, '../..');

/** A package as it is installed here, for programs that stand where it is not. */
export const ours = (name: string): string => join(ROOT, 'node_modules', name);

export interface Patient {
  /** One of test/packaging/apps, or source; `commonjs.cjs` if nothing is said. */
  readonly app?: string;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The whole command, where it is not just Node.js. */
  readonly command?: readonly string[];
  /** Where it is run: beside everything, if nothing is said. */
  readonly folder?: string;
  /** How long the doctor waits for a command. */
  readonly seconds?: number;
}

/** A Redis server, collectors, and folders in which packages are missing or too many. */
export class Ward {
  private readonly folders: string[] = [];

  private constructor(
    readonly installed: Installation,
    readonly redis: RedisServer,
    readonly receiver: Receiver,
  ) {}

  static async open(): Promise<Ward> {
    return new Ward(installation(), await startStandalone(), await startReceiver());
  }

  async close(): Promise<void> {
    for (const folder of this.folders) rmSync(folder, { recursive: true, force: true });
    await this.receiver.stop();
    await this.redis.stop();
  }

  get program(): string {
    return this.installed.program('6.3');
  }

  examine({ app = 'commonjs.cjs', flags = [], env = {}, command, folder = this.program, seconds = 30 }: Patient): Promise<Ended> {
    const main = join(this.installed.package, 'build/cli/main.js');
    const telemetry = { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_EXPORTER_OTLP_ENDPOINT: this.receiver.url };
    const file = existsSync(join(folder, app)) ? app : this.write(folder, app);
    return run([main, 'doctor', '--seconds', String(seconds), '--', ...(command ?? ['node', ...flags, file])], {
      cwd: folder,
      env: { REDIS_URL: this.redis.url, ...telemetry, ...env },
    });
  }

  /** Path of a program with this source. */
  write(folder: string, source: string): string {
    const file = join(mkdtempSync(join(folder, 'app-')), 'app.cjs');
    writeFileSync(file, source);
    return file;
  }

  /** A folder with the programs, and nothing but these of our packages. */
  folderWith(...names: readonly string[]): string {
    const folder = mkdtempSync(join(tmpdir(), 'patient-'));
    this.folders.push(folder);
    for (const name of names) link(ours(name), join(folder, 'node_modules', name));
    cpSync(join(ROOT, 'test/packaging/apps'), folder, { recursive: true });
    return folder;
  }

  /** The same with the packed package: it finds what is in the folder. */
  folderWithUs(...names: readonly string[]): string {
    const folder = this.folderWith(...names);
    cpSync(this.installed.package, join(folder, 'node_modules', NAME), { recursive: true });
    return folder;
  }

  /** All our packages, but with API 1.10, which is newer than what the SDK here is made for. */
  folderWithNewerApi(): string {
    const folder = this.folderWithUs(...packagesIn(join(ROOT, 'node_modules')).filter((name) => name !== '@opentelemetry/api'));
    link(join(ROOT, 'test/versions/others/node_modules/@opentelemetry/api'), join(folder, 'node_modules/@opentelemetry/api'));
    return folder;
  }

  /** The real redis, with another number on it. */
  folderWithRedis(version: string): string {
    const folder = this.folderWithUs(...PEERS);
    const parts = ['redis', 'cluster-key-slot', ...packagesIn(ours('@redis')).map((name) => `@redis/${name}`)];
    for (const name of parts) {
      const target = join(folder, 'node_modules', name);
      cpSync(ours(name), target, { recursive: true });
      const manifest = JSON.parse(readFileSync(join(target, 'package.json'), 'utf8')) as object;
      writeFileSync(join(target, 'package.json'), JSON.stringify({ ...manifest, version }));
    }
    return folder;
  }

  /** Runs `call` beside a collector that answers everything with this status. */
  async withCollector<T>(status: number, call: (url: string) => Promise<T>): Promise<T> {
    const server = createServer((_request, response) => response.writeHead(status).end());
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    try {
      return await call(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  }
}

export const PEERS = ['@opentelemetry/api', '@opentelemetry/instrumentation', '@opentelemetry/sdk-node', 'shimmer'];

function packagesIn(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => !name.startsWith('.') && name !== NAME);
  return names.flatMap((name) => (name.startsWith('@') ? readdirSync(join(folder, name)).map((part) => `${name}/${part}`) : [name]));
}

function link(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  symlinkSync(from, to);
}
