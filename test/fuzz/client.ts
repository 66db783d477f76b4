// Knows: how a client of each flavour is made, where a version has it.
// Must not know: what is done with it.
import type { RedisServer } from '../support/redis-server';
import { type Client, connect, isIoredis, isIoredisFrom, loadRedis, major, type Redis, type Version } from '../support/versions';
import { type Flavour, SCRIPTS } from './scenario';

export interface OpenClient {
  /** What is opened and closed, and has the events. */
  readonly owner: Client;
  /** What the calls go to: the same, or a view of it. */
  readonly client: Client;
  readonly isPool: boolean;
}

export async function openClient(version: Version, server: Pick<RedisServer, 'host' | 'port'>, flavour: Flavour): Promise<OpenClient> {
  const redis = loadRedis(version);
  const socket = { host: server.host, port: server.port, reconnectStrategy: () => 20 };
  if (major(version) < 4) return alone(await connect(redis, server, { socket }));
  const options = { socket, scripts: Object.fromEntries(SCRIPTS.map((script, index) => [`script${index}`, defined(redis, script)])) };
  if (isIoredis(version)) {
    // The default of 6 is RESP3, and versions before have no other than RESP2.
    const isOlder = isIoredisFrom(version, '6.0') && flavour !== 'RESP3';
    return alone(await connect(redis, server, { ...options, ...(isOlder && { RESP: 2 }) }));
  }
  if (major(version) < 5) return alone(await connect(redis, server, options));
  if (flavour === 'pool') {
    // One connection: of two, either could be first.
    const pool = redis.createClientPool?.(options, { minimum: 1, maximum: 1 });
    await pool.connect();
    return { owner: pool, client: pool, isPool: true };
  }
  const owner = await connect(redis, server, { ...options, ...(flavour === 'RESP3' && { RESP: 3 }) });
  return flavour === 'buffers' ? { owner, client: owner.withTypeMapping({ 36: Buffer }), isPool: false } : alone(owner);
}

function alone(client: Client): OpenClient {
  return { owner: client, client, isPool: false };
}

/** v4 takes the arguments as an array, v5 and later push them to a parser. */
function defined(redis: Redis, SCRIPT: string): unknown {
  return redis.defineScript({
    SCRIPT,
    NUMBER_OF_KEYS: 1,
    FIRST_KEY_INDEX: 1,
    transformArguments: (key: string, value: string) => [key, value],
    parseCommand(parser: { push(value: string): void; pushKey(key: string): void }, key: string, value: string) {
      parser.pushKey(key);
      parser.push(value);
    },
    transformReply: (reply: unknown) => reply,
  });
}
