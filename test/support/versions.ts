// Knows: which redis versions are tested, and loads them.
// Must not know: how they are traced.
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { callbackFacade, commandsOf, ioredisFacade } from './facade';
import type { RedisServer } from './redis-server';

/** The callback API, walked through a promise API of the tests' own. */
export const LEGACY_VERSIONS = ['2.8', '3.1'] as const;

/** The promise API. */
export const VERSIONS = ['4.0', '4.7', '5.0', '5.12', '6.3'] as const;

/** Other libraries, walked through the same facade. */
export const IOREDIS_VERSIONS = ['ioredis-4.28', 'ioredis-5.0', 'ioredis-5.4', 'ioredis-5.11', 'ioredis-6.0', 'iovalkey-0.4'] as const;
/** The oldest, the newest, and the one that most have: for tests that need not see every one. */
export const IOREDIS_CORE = ['ioredis-4.28', 'ioredis-5.11', 'ioredis-6.0'] as const;
export type IoredisVersion = (typeof IOREDIS_VERSIONS)[number];
export type Version = (typeof VERSIONS)[number] | (typeof LEGACY_VERSIONS)[number] | IoredisVersion;

/** What `npm run test:versions` has installed: these, in a folder of its own. Every other run has the versions above. */
const ASKED = process.env.TEST_VERSIONS?.split(',') as Version[] | undefined;
const ASKED_FOLDER = process.env.TEST_VERSIONS_FOLDER ?? '';

export const ALL_VERSIONS: readonly Version[] = ASKED ?? [...LEGACY_VERSIONS, ...VERSIONS, ...IOREDIS_VERSIONS];

/** Of redis; other libraries have none. */
export const major = (version: Version): number => Number.parseInt(version, 10);

/** Whether it is this minor of redis or a later one. */
export const isFrom = (version: Version, minor: string): boolean => !isIoredis(version) && compareMinors(version, minor) >= 0;

/** Whether it is this minor of ioredis, or a later one; iovalkey 0.4 was made from ioredis 5. */
export function isIoredisFrom(version: Version, minor: string): boolean {
  if (!isIoredis(version)) return false;
  return compareMinors(version.startsWith('iovalkey') ? '5.4' : version.slice(version.indexOf('-') + 1), minor) >= 0;
}

function compareMinors(one: string, other: string): number {
  return one.localeCompare(other, 'en', { numeric: true });
}

export function isIoredis(version: string): version is IoredisVersion {
  return version.startsWith('io');
}

/** As the table shows it. */
export function titleOf(version: Version): string {
  return isIoredis(version) ? version.replace('-', ' ') : `redis ${version}`;
}

/** A client, as far as all versions agree. What differs is reached by name. */
// biome-ignore lint/suspicious/noExplicitAny: five versions of one library, of which no two share their types
export type Client = any;

export interface Redis {
  createClient(options?: object): Client;
  createClientPool?(client?: object, options?: object): Client;
  createCluster(options: object): Client;
  createSentinel?(options: object): Client;
  defineScript(script: object): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: see Client
  commandOptions?(options: object): any;
  /** The class itself, behind the facade. */
  readonly library?: Client;
}

export function folderOf(version: string): string {
  const name = isIoredis(version) ? version : `redis-${version}`;
  const isAsked = ASKED?.some((one) => one === version) ?? false;
  return isAsked ? resolve(ASKED_FOLDER, name) : resolve(__dirname, '..', 'versions', name);
}

/** The package as an application would get it: through require, after the instrumentation. */
export function loadRedis(version: Version): Redis {
  const require = createRequire(`${folderOf(version)}/package.json`);
  if (isIoredis(version)) return ioredisFacade(require(version.slice(0, version.indexOf('-'))), commandsOf(folderOf('4.7')));
  const redis = require('redis') as Redis;
  return major(version) < 4 ? callbackFacade(redis, commandsOf(folderOf('4.7'))) : redis;
}

/** A connected client. Errors of the connection are the test's to look at, where it looks at them. */
export async function connect(redis: Redis, server: Pick<RedisServer, 'host' | 'port'>, options: object = {}): Promise<Client> {
  const client = redis.createClient({ socket: { host: server.host, port: server.port }, ...options });
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** Ends a client, whatever state it is in. */
export async function end(client: Client): Promise<void> {
  const close = client.destroy ?? client.disconnect;
  try {
    await close.call(client);
  } catch {
    // It is closed already.
  }
}
