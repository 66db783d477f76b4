// Knows: how each generation of the client sends a raw command by itself, in a transaction and in a pipeline.
// Must not know: which commands, tracing.
import { createRequire } from 'node:module';
import { COMMANDS } from '../../src/catalog/commands';
import type { RedisServer } from '../support/redis-server';
import { type Client, connect, end, folderOf, loadRedis } from '../support/versions';

export type Line = readonly unknown[];

/** A connection. Rejections are the caller's to look at. */
export interface Connection {
  single(line: Line): Promise<unknown>;
  transaction(lines: readonly Line[]): Promise<unknown>;
  pipeline(lines: readonly Line[]): Promise<unknown>;
  close(): Promise<void>;
}

type Address = Pick<RedisServer, 'host' | 'port'>;

export interface Generation {
  readonly title: string;
  open(server: Address, credentials?: Credentials): Promise<Connection>;
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export const GENERATIONS: readonly Generation[] = [
  { title: 'redis 6.3, RESP 3', open: (server, credentials) => openPromising('6.3', server, { RESP: 3, ...credentials }) },
  { title: 'redis 6.3, RESP 2', open: (server, credentials) => openPromising('6.3', server, { RESP: 2, ...credentials }) },
  { title: 'redis 4.7', open: (server, credentials) => openPromising('4.7', server, { ...credentials }) },
  { title: 'redis 3.1', open: openLegacy },
];

async function openPromising(version: '6.3' | '4.7', server: Address, options: object): Promise<Connection> {
  const client = await connect(loadRedis(version), server, options);
  const multiOf = (lines: readonly Line[]): Client =>
    lines.reduce((multi: Client, line) => multi.addCommand(sendable(line)), client.multi());
  return {
    single: async (line) => client.sendCommand(sendable(line)),
    transaction: async (lines) => multiOf(lines).exec(),
    pipeline: async (lines) => multiOf(lines).execAsPipeline(),
    close: () => end(client),
  };
}

/** From redis 4 on a number is the application's to write down. */
function sendable(line: Line): unknown[] {
  return line.map((arg) => (typeof arg === 'number' ? String(arg) : arg));
}

type Callback = (error: unknown, reply: unknown) => void;

async function openLegacy(server: Address, credentials?: Credentials): Promise<Connection> {
  const redis = createRequire(`${folderOf('3.1')}/package.json`)('redis');
  // Transactions have a method for each command the library knows; this is its way to teach it others.
  for (const name of Object.keys(COMMANDS)) redis.addCommand(wordOf(name));
  const options = credentials && { user: credentials.username, password: credentials.password };
  const client = redis.createClient({ host: server.host, port: server.port, ...options });
  client.on('error', () => {});
  await new Promise((resolve) => client.once('ready', resolve));
  const run = (batch: Client, lines: readonly Line[]): Promise<unknown> => {
    for (const [name, ...args] of lines.map(callable)) {
      // This would run the batch.
      if (wordOf(name) !== 'exec') batch[wordOf(name)](...args);
    }
    return promised((callback) => batch.exec(callback));
  };
  return {
    single: async (line) => {
      const [name, ...args] = callable(line);
      return promised((callback) => client.send_command(String(name), args, callback));
    },
    transaction: async (lines) => run(client.multi(), lines),
    pipeline: async (lines) => run(client.batch(), lines),
    close: async () => client.end(false),
  };
}

/** What the library's own methods of these names take; it has no other way to send them. */
const MOST_ARGUMENTS: Readonly<Record<string, number>> = { info: 1, auth: 2, select: 1 };

function callable(line: Line): Line {
  return line.slice(0, 1 + (MOST_ARGUMENTS[wordOf(line[0])] ?? line.length));
}

/** As the library calls its methods. */
function wordOf(name: unknown): string {
  return String(name).toLowerCase().split(' ')[0] as string;
}

function promised(start: (callback: Callback) => void): Promise<unknown> {
  return new Promise((resolve, reject) => start((error, reply) => (error ? reject(error) : resolve(reply))));
}
