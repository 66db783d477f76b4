// Knows: how a program comes to be run by the doctor, and in which folder, with which packages in it.
// Must not know: what is found.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
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

export interface Program {
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

/** Paths of two files. */
interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** A Redis server, collectors, and folders in which packages are missing or too many. */
export class Setup {
  private readonly folders: string[] = [];
  private readonly services = new Set<string>();
  private ownCertificate: Certificate | undefined;

  private constructor(
    readonly installed: Installation,
    readonly redis: RedisServer,
    readonly receiver: Receiver,
  ) {}

  static async open(): Promise<Setup> {
    return new Setup(installation(), await startStandalone(), await startReceiver());
  }

  async close(): Promise<void> {
    for (const folder of this.folders) rmSync(folder, { recursive: true, force: true });
    await this.receiver.stop();
    await this.redis.stop();
  }

  get program(): string {
    return this.installed.program('6.3');
  }

  /** The doctor's program. */
  get main(): string {
    return join(this.installed.package, 'build/cli/main.js');
  }

  examine({ app = 'commonjs.cjs', flags = [], env = {}, command, folder = this.program, seconds = 30 }: Program): Promise<Ended> {
    const file = existsSync(join(folder, app)) ? app : this.write(folder, app);
    return run([this.main, 'doctor', '--seconds', String(seconds), '--', ...(command ?? ['node', ...flags, file])], {
      cwd: folder,
      env: this.environment(env),
    });
  }

  /** Runs a line as a person would who pastes it where the program was examined. */
  paste(line: string, { env = {}, folder = this.program }: Program): Promise<Ended> {
    return run(['-c', line], { file: 'sh', cwd: folder, env: this.environment(env) });
  }

  /** Where Redis and the receiver are. */
  environment(env: Readonly<Record<string, string>> = {}): Record<string, string> {
    const telemetry = { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_EXPORTER_OTLP_ENDPOINT: this.receiver.url };
    return { REDIS_URL: this.redis.url, ...telemetry, ...env };
  }

  /** Path of a program with this source. */
  write(folder: string, source: string): string {
    const file = join(mkdtempSync(join(folder, 'app-')), 'app.cjs');
    writeFileSync(file, source);
    return file;
  }

  /** Path of a file with this text, in a folder of its own. */
  fileWith(name: string, text: string): string {
    const file = join(mkdtempSync(join(this.program, 'file-')), name);
    writeFileSync(file, text);
    return file;
  }

  /** A folder with the programs, and nothing but these of our packages. */
  folderWith(...names: readonly string[]): string {
    const folder = mkdtempSync(join(tmpdir(), 'program-'));
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

  /** A client of a few lines. */
  folderWithTinyRedis(): string {
    const folder = this.folderWithUs(...PEERS, 'redis');
    const target = join(folder, 'node_modules/tiny-redis');
    mkdirSync(target);
    writeFileSync(
      join(target, 'index.js'),
      `module.exports = () => {
        const { hostname, port } = new URL(process.env.REDIS_URL);
        const socket = require('node:net').connect(port, hostname, () => socket.write('*2\\r\\n$3\\r\\nGET\\r\\n$1\\r\\na\\r\\n'));
        socket.once('data', () => socket.destroy());
      };`,
    );
    return folder;
  }

  /** All that matters of Sentry 11 here: it is loaded, and registers nothing. */
  folderWithSentry(): string {
    const folder = this.folderWithUs(...PEERS, 'redis');
    const target = join(folder, 'node_modules/@sentry/node');
    mkdirSync(target, { recursive: true });
    writeFileSync(join(target, 'package.json'), JSON.stringify({ name: '@sentry/node', version: '11.12.0' }));
    writeFileSync(join(target, 'index.js'), 'exports.init = () => {};');
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

  /** Runs `call` beside a collector that answers everything with this status, or speaks gRPC, or TLS with our certificate. */
  async withCollector<T>(kind: number | 'grpc' | 'tls', call: (url: string, posts: () => number) => Promise<T>): Promise<T> {
    let posts = 0;
    const count = () => posts++;
    const server =
      kind === 'grpc'
        ? grpcCollector(count)
        : httpCollector(kind === 'tls' ? 200 : kind, count, kind === 'tls' ? this.certificate : undefined);
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    try {
      return await call(`http${kind === 'tls' ? 's' : ''}://127.0.0.1:${(server.address() as AddressInfo).port}`, () => posts);
    } finally {
      server.close();
    }
  }

  /** One that signs itself, for 127.0.0.1. */
  get certificate(): Certificate {
    if (this.ownCertificate === undefined) {
      const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
      this.folders.push(folder);
      const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
      const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
      const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', ...subject];
      execFileSync('openssl', [...args, '-keyout', key, '-out', cert], { stdio: 'ignore' });
      this.ownCertificate = { cert, key };
    }
    return this.ownCertificate;
  }

  /** Whether a span of redis has come from the service of this name. */
  hasSpans(service: string): boolean {
    for (const span of this.receiver.take().spans) if (span.scope === NAME) this.services.add(span.service);
    return this.services.has(service);
  }
}

function httpCollector(status: number, onPost: () => void, certificate?: Certificate): Server {
  const answer: RequestListener = (_request, response) => {
    onPost();
    response.writeHead(status, { connection: 'close' }).end();
  };
  if (certificate === undefined) return createServer(answer);
  return createHttpsServer({ cert: readFileSync(certificate.cert), key: readFileSync(certificate.key) }, answer);
}

/** Takes everything, over HTTP/2 without encryption. */
function grpcCollector(onPost: () => void): Server {
  const server = createHttp2Server();
  server.on('stream', (stream) => {
    onPost();
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.resume().end(Buffer.alloc(5));
  });
  server.on('sessionError', () => {});
  return server as unknown as Server;
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
