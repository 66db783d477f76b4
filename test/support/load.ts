// Knows: a load that moves every metric, by numbers that are known.
// Must not know: how metrics are collected, or what they are compared with.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { channel } from 'node:diagnostics_channel';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import sinon from 'sinon';
import { LOAD_WINDOW_MS } from '../../src/insights/cache-aside';
import { type RedisCluster, type RedisServer, startCluster, startStandalone } from './redis-server';
import { moveSlot } from './topology';
import { inSpan } from './tracing';
import { type Client, connect, end, loadRedis } from './versions';
import { held, until } from './waiting';

/** Deletes a lock if it is still the caller's. */
const RELEASE = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0`;

/** Of a script that no server has. */
export const MISSING = 'f'.repeat(40);

/** A key of the first of two masters. */
const VISITS = 'node:visits';
/** One of the first, one of the second. */
const KEYS = ['b', 'a'] as const;

/** The clients of one application, and what they do. Every run does the same, with keys of its own. */
export class Load {
  private readonly redis = loadRedis('6.3');
  private runs = 0;
  private received = 0;
  private passedMs = 0;
  /** Of the script that releases a lock. */
  releaseSha = '';
  private readonly ending: (() => unknown)[] = [];

  private constructor(
    /** Where everything goes, except the commands that wait. */
    readonly server: RedisServer,
    /** Gone, with commands waiting for it. */
    readonly gone: RedisServer,
    private readonly client: Client,
    private readonly other: Client,
    private readonly caching: Client,
    /** At most two connections. */
    private readonly pool: Client,
    /** One connection, and little patience. */
    private readonly hasty: Client,
    readonly cluster: RedisCluster,
    private readonly nodes: Client,
  ) {}

  static async start(): Promise<Load> {
    const ready = Promise.all([startStandalone(), startStandalone(), startCluster({ masters: 2, replicasPerMaster: 0 })]);
    const [server, gone, cluster] = await ready;
    const redis = loadRedis('6.3');
    const load = new Load(
      server,
      gone,
      await connect(redis, server),
      await connect(redis, server),
      await connect(redis, server, { RESP: 3, clientSideCache: { maxEntries: 2 } }),
      // Its waiting tasks wait until all tests have run.
      await openPool(server, { minimum: 1, maximum: 2, acquireTimeout: 600_000, cleanupDelay: 60_000 }),
      await openPool(server, { minimum: 1, maximum: 1, acquireTimeout: 30, cleanupDelay: 60_000 }),
      cluster,
      await redis.createCluster({ rootNodes: cluster.rootNodes }).connect(),
    );
    await server.request('RPUSH', 'feed:1', ...Array.from({ length: 10_000 }, String));
    load.releaseSha = String(await server.request('SCRIPT', 'LOAD', RELEASE));
    await load.begin();
    return load;
  }

  async stop(): Promise<void> {
    for (const one of this.ending.reverse()) await one();
    for (const client of [this.client, this.other, this.caching, this.nodes]) await end(client);
    for (const pool of [this.pool, this.hasty]) pool.destroy();
    await Promise.all([this.server.stop(), this.gone.stop(), this.cluster.stop()]);
  }

  private async begin(): Promise<void> {
    const subscriber = await connect(this.redis, this.server);
    this.ending.push(() => end(subscriber));
    await subscriber.subscribe('news', () => {
      this.received += 1;
    });
    // Commands that wait for a server that will not come back.
    const waiting = await connect(this.redis, this.gone, {
      socket: { host: this.gone.host, port: this.gone.port, reconnectStrategy: () => 100 },
      // Longer than any test: by default they would give up after five seconds.
      commandOptions: { timeout: 600_000 },
    });
    await this.gone.crash();
    await until(() => !waiting.isReady);
    for (let i = 0; i < 3; i++) waiting.get('k').catch(() => {});
    this.ending.push(() => end(waiting));
  }

  /** What one run comes to is written down in `test/recorders/load.test.ts`. */
  async run(): Promise<void> {
    const run = ++this.runs;
    await this.lookUp(`user:${run}`);
    await this.loadAndStampede(`user:${run}`);
    await this.lock(`lock:${run}`);
    await this.fail();
    await this.publish();
    await this.readStream(`events:${run}`);
    await this.readMuch();
    await this.follow();
    announceMaintenance(this.client);
    await this.repeat(`visits:${run}`);
    await this.client.multi().get(`user:${run}1`).get('user:absent').exec();
    for (let i = 0; i < 3; i++) await this.caching.get(`user:${run}1`);
    await Promise.all([1, 2, 3, 4, 5].map(() => this.pool.execute(() => turn())));
    (await openPool(this.server, { minimum: 1 })).destroy();
    await this.loseConnection();
  }

  /** Three hits; a miss of what was never there, of what was deleted, and of what has expired. */
  private async lookUp(prefix: string): Promise<void> {
    const { client } = this;
    await client.set(`${prefix}1`, 'value', { EX: 60 });
    for (let i = 0; i < 3; i++) await client.get(`${prefix}1`);
    await client.get(`${prefix}2`);
    await client.set(`${prefix}3`, 'value', { EX: 60 });
    await client.del(`${prefix}3`);
    await client.get(`${prefix}3`);
    await client.set(`${prefix}4`, 'value', { PX: 20 });
    await sleep(40);
    await client.get(`${prefix}4`);
    await client.set(`${prefix}5`, 'value');
  }

  /** Five callers miss a key together, and two of them load it: a stampede of two. */
  private async loadAndStampede(prefix: string): Promise<void> {
    const { client } = this;
    const call = async (caller: number): Promise<void> => {
      await client.get(`${prefix}6`);
      if (caller <= 2) await client.set(`${prefix}6`, 'value', { EX: 60 });
    };
    await Promise.all([1, 2, 3, 4, 5].map((caller) => context.with(ROOT_CONTEXT, () => inSpan(() => call(caller)))));
  }

  /** One gets a lock that another wants, and gives it back; the other gets it then, and loses it. */
  private async lock(key: string): Promise<void> {
    const [one, two] = [randomUUID(), randomUUID()];
    const acquire = (client: Client, owner: string, px: number) =>
      client.set(key, owner, { condition: 'NX', expiration: { type: 'PX', value: px } });
    const release = (client: Client, owner: string) => client.evalSha(this.releaseSha, { keys: [key], arguments: [owner] });
    assert.equal(await acquire(this.client, one, 10_000), 'OK');
    assert.equal(await acquire(this.other, two, 20), null);
    assert.equal(await release(this.client, one), 1);
    assert.equal(await acquire(this.other, two, 20), 'OK');
    await sleep(40);
    assert.equal(await release(this.other, two), 0);
  }

  /** Three errors of Redis, one of a client that is not connected, and two tasks that get no connection in time. */
  private async fail(): Promise<void> {
    await this.client.rPush('list', 'x');
    for (let i = 0; i < 2; i++) await this.client.get('list').catch(() => {});
    await this.client.evalSha(MISSING).catch(() => {});
    await this.redis
      .createClient({ socket: { host: this.server.host, port: this.server.port } })
      .get('k')
      .catch(() => {});
    const { done, release } = held();
    const holding = this.hasty.execute(() => done);
    const late = await Promise.allSettled([this.hasty.execute(() => 1), this.hasty.execute(() => 2)]);
    assert.deepEqual(
      late.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    release();
    await holding;
  }

  /** Twelve calls one after another, where one could have done; and one that may wait. */
  private async repeat(prefix: string): Promise<void> {
    await inSpan(async () => {
      for (let i = 0; i < 12; i++) await this.client.incr(`${prefix}${i}`);
    });
    await this.client.rPush('queue', 'x');
    await this.client.blPop('queue', 10);
  }

  private async publish(): Promise<void> {
    const before = this.received;
    for (const message of ['one', 'two', 'three']) await this.client.publish('news', message);
    await until(() => this.received >= before + 3);
  }

  private async readStream(key: string): Promise<void> {
    await this.client.xAdd(key, '*', { name: 'value' });
    await this.client.xRead({ key, id: '0' });
  }

  /** A collection of ten thousand, and a look at all keys. */
  private async readMuch(): Promise<void> {
    await this.client.lRange('feed:1', 0, -1);
    await this.client.keys('nothing:*');
  }

  /** Another node has the key from now on, and the client follows. */
  private async follow(): Promise<void> {
    await this.nodes.incr(VISITS);
    await moveSlot(this.cluster, VISITS, this.runs % 2 === 0 ? KEYS[0] : KEYS[1]);
    await this.nodes.incr(VISITS);
  }

  private async loseConnection(): Promise<void> {
    const ready = new Promise((resolve) => this.other.once('ready', resolve));
    await this.server.request('CLIENT', 'KILL', 'ID', String(await this.other.sendCommand(['CLIENT', 'ID'])));
    await ready;
  }

  /** From now on the pool has two tasks at work and three that wait. */
  async hold(): Promise<void> {
    const { done, release } = held();
    const all = [1, 2, 3, 4, 5].map(() => this.pool.execute(() => done));
    this.ending.push(async () => {
      release();
      await Promise.all(all);
    });
    await until(() => this.pool.clientsInUse >= 2);
  }

  /** Misses that nobody has filled by now will not be: the clock goes forward, while nothing is on its way. */
  passTime(): void {
    if (this.passedMs === 0) {
      const now = performance.now.bind(performance);
      const clock = sinon.stub(performance, 'now').callsFake(() => now() + this.passedMs);
      this.ending.push(() => clock.restore());
    }
    this.passedMs += LOAD_WINDOW_MS + 2_000;
  }
}

/** Only a server of Redis Enterprise does, or a cache that is full: what node-redis would say of it, on the channels where it says so. */
function announceMaintenance({ _clientId: clientId }: Client): void {
  channel('node-redis:maintenance').publish({ notification: 'MOVING', clientId });
  channel('node-redis:connection:handoff').publish({ clientId });
  channel('node-redis:connection:relaxed-timeout').publish({ value: 1, clientId });
  channel('node-redis:cache:eviction').publish({ reason: 'ttl', count: 1 });
}

async function openPool({ host, port }: RedisServer, options: object): Promise<Client> {
  const pool = loadRedis('6.3').createClientPool?.({ socket: { host, port } }, options);
  pool.on('error', () => {});
  return pool.connect();
}
