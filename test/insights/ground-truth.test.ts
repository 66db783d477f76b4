// Knows: a service that keeps count of what it does to its cache and its locks.
// Must not know: how we find out.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import sinon from 'sinon';
import { LOAD_WINDOW_MS } from '../../src/insights/cache-aside';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { assertQuiet, inSpan, instrumentation, redisSpans, resetTracing } from '../support/tracing';
import { type Client, connect, end, loadRedis, titleOf } from '../support/versions';

const RELEASE = 'if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("del", KEYS[1]) else return 0 end';
const LOAD_MS = 5;

/** What a service knows of itself, named as we would name it. */
class Ledger {
  private readonly entries = new Map<string, number>();

  /** @param isTraced without traces nobody can tell one caller from another */
  constructor(readonly isTraced: boolean) {}

  /** Callers that load the same thing, one after the other. The histogram tells them apart by these bounds. */
  stampede(width: number, family: string): void {
    for (let nth = 1; this.isTraced && nth <= width; nth++)
      this.add(`stampede of ${[1, 2, 3, 5, 10, 25].find((bound) => bound >= nth)} ${family}`);
  }

  add(name: string, count = 1): void {
    this.entries.set(name, (this.entries.get(name) ?? 0) + count);
  }

  get table(): [string, number][] {
    return [...this.entries].sort(([one], [other]) => (one < other ? -1 : 1));
  }

  /** The sum of all whose names have all of these words. */
  sum(...words: string[]): number {
    return this.table.filter(([name]) => words.every((word) => name.includes(word))).reduce((sum, [, count]) => sum + count, 0);
  }
}

const family = (key: string): string => key.replace(/\d+/g, '{}');

/** Cache-aside as everybody writes it. */
class Service {
  readonly ledger: Ledger;
  private readonly gone = new Map<string, 'deleted' | 'expired'>();
  private random = 1;

  constructor(
    private readonly client: Client,
    /** Runs one request. */
    readonly request: <T>(run: () => Promise<T>) => Promise<T>,
    isTraced: boolean,
  ) {
    this.ledger = new Ledger(isTraced);
  }

  async read(key: string, options: object = { EX: 60 }): Promise<string> {
    const value = await this.client.get(key);
    this.looked(key, value !== null);
    return value ?? this.load(key, options);
  }

  async load(key: string, options: object): Promise<string> {
    await sleep(LOAD_MS);
    const value = 'v'.repeat(1 + (this.next() % 50));
    await this.client.set(key, value, options);
    this.ledger.add(`load ${family(key)}`);
    this.wrote(key, value, options);
    return value;
  }

  async readMany(keys: readonly string[]): Promise<void> {
    const values: (string | null)[] = await this.client.mGet(keys);
    const missing = keys.filter((_, index) => values[index] === null);
    for (const [index, key] of keys.entries()) this.looked(key, values[index] !== null);
    if (missing.length === 0) return;
    const pipeline = this.client.multi();
    for (const key of missing) pipeline.set(key, 'many', { EX: 60 });
    await pipeline.execAsPipeline();
    for (const key of missing) {
      this.ledger.add(`load ${family(key)}`);
      this.ledger.stampede(1, family(key));
      this.wrote(key, 'many', { EX: 60 });
    }
  }

  async readInTransaction(keys: readonly string[]): Promise<void> {
    const transaction = this.client.multi();
    for (const key of keys) transaction.get(key);
    const values: unknown[] = await transaction.exec();
    for (const [index, key] of keys.entries()) this.looked(key, values[index] !== null);
  }

  async write(key: string, value: string, options: object = {}): Promise<void> {
    await this.client.set(key, value, options);
    this.wrote(key, value, options);
  }

  async remove(key: string): Promise<void> {
    await this.client.del(key);
    this.gone.set(key, 'deleted');
  }

  async stampede(key: string, width: number): Promise<void> {
    await Promise.all(Array.from({ length: width }, () => this.request(() => this.read(key))));
    this.ledger.stampede(width, family(key));
  }

  /** All want the key, and one of them loads it. */
  async loadBehindLock(key: string, callers: number): Promise<void> {
    await Promise.all(Array.from({ length: callers }, () => this.request(() => this.waitOrLoad(key, randomUUID()))));
    this.ledger.stampede(1, family(key));
  }

  private async waitOrLoad(key: string, token: string): Promise<void> {
    const lock = `lock:${key}`;
    for (;;) {
      const value = await this.client.get(key);
      this.looked(key, value !== null);
      if (value !== null) return;
      if ((await this.client.set(lock, token, { NX: true, PX: 5_000 })) !== null) break;
      await sleep(2);
    }
    await this.load(key, { EX: 60 });
    assert.equal(await this.client.del(lock), 1);
    this.ledger.add(`lock held ${family(lock)}`);
  }

  /** All ask Redis, and share the promise of one load. */
  async loadOnce(key: string, callers: number): Promise<void> {
    let loading: Promise<string> | undefined;
    const read = async (): Promise<void> => {
      const value = await this.client.get(key);
      this.looked(key, value !== null);
      loading ??= this.load(key, { EX: 60 });
      await loading;
    };
    await Promise.all(Array.from({ length: callers }, () => this.request(read)));
    this.ledger.stampede(1, family(key));
  }

  expired(key: string): void {
    this.gone.set(key, 'expired');
  }

  /** Takes a lock, however long it takes, and gives it back. */
  async lock(key: string, token: string, holdMs: number, ttlMs = 5_000): Promise<void> {
    let refused = false;
    while ((await this.client.set(key, token, { NX: true, PX: ttlMs })) === null) {
      refused = true;
      await sleep(2);
    }
    if (refused) this.ledger.add(`lock waited for ${family(key)}`);
    await sleep(holdMs);
    const released = await this.client.release(key, token);
    this.ledger.add(`lock ${released === 1 ? 'held' : 'lost'} ${family(key)}`);
  }

  next(): number {
    this.random = (this.random * 48_271) % 2_147_483_647;
    return this.random;
  }

  private looked(key: string, isHit: boolean): void {
    this.ledger.add(`${isHit ? 'hit' : 'miss'} ${family(key)}`);
    if (!isHit) this.ledger.add(`missed because ${this.gone.get(key) ?? 'unknown'} ${family(key)}`);
  }

  private wrote(key: string, value: string, options: object): void {
    this.gone.delete(key);
    this.ledger.add(`write with TTL ${'EX' in options || 'PX' in options ? 'yes' : 'no'} ${family(key)}`);
    this.ledger.add(`bytes ${family(key)}`, value.length);
  }
}

const SCRIPTS = (redis: ReturnType<typeof loadRedis>) => ({
  release: redis.defineScript({
    SCRIPT: RELEASE,
    NUMBER_OF_KEYS: 1,
    FIRST_KEY_INDEX: 1,
    IS_READ_ONLY: false,
    transformArguments: (key: string, token: string) => [key, token],
    parseCommand(parser: { push(...args: string[]): void; pushKey(key: string): void }, key: string, token: string) {
      parser.pushKey(key);
      parser.push(token);
    },
    transformReply: (reply: unknown) => reply,
  }),
});

/** What the metrics say, in the words of the ledger. */
async function measured(reader: PeriodicExportingMetricReader): Promise<[string, number][]> {
  const ledger = new Ledger(true);
  const { resourceMetrics } = await reader.collect();
  for (const { descriptor, dataPoints } of resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics)) {
    for (const { attributes, value } of dataPoints) {
      const of = attributes['db.redis.key_family'];
      const number = value as number;
      const { count, sum, buckets } = value as Histogram;
      if (descriptor.name === 'cache.requests') ledger.add(`${attributes['cache.result']} ${of}`, number);
      if (descriptor.name === 'cache.misses') ledger.add(`missed because ${attributes['cache.miss.reason']} ${of}`, number);
      if (descriptor.name === 'cache.unfilled_misses') ledger.add(`never filled ${of}`, number);
      if (descriptor.name === 'cache.writes') ledger.add(`write with TTL ${attributes['cache.ttl']} ${of}`, number);
      if (descriptor.name === 'cache.value.size') ledger.add(`bytes ${of}`, sum);
      if (descriptor.name === 'cache.load.duration') {
        ledger.add(`load ${of}`, count);
        assert.ok((sum ?? 0) / count < 1, `loading took ${sum} s`);
      }
      // Bounds are whole numbers: those of the test are among them.
      if (descriptor.name === 'cache.stampede.width')
        for (const [index, times] of buckets.counts.entries())
          if (times > 0) ledger.add(`stampede of ${buckets.boundaries[index]} ${of}`, times);
      if (descriptor.name === 'redis.lock.wait.duration') ledger.add(`lock waited for ${of}`, count);
      if (descriptor.name === 'redis.lock.hold.duration') ledger.add(`lock held ${of}`, count);
      if (descriptor.name === 'redis.lock.lost') ledger.add(`lock lost ${of}`, number);
    }
  }
  return ledger.table;
}

async function keyspace(server: RedisServer): Promise<{ hits: number; misses: number }> {
  const info = String(await server.request('INFO', 'stats'));
  const read = (name: string): number => Number(new RegExp(`${name}:(\\d+)`).exec(info)?.[1]);
  return { hits: read('keyspace_hits'), misses: read('keyspace_misses') };
}

const traced = <T>(run: () => Promise<T>) => inSpan(run);

for (const [title, version, request] of [
  ['requests that are traced', '6.3', traced],
  ['no span above', '6.3', <T>(run: () => Promise<T>) => run()],
  ['requests that are traced', 'ioredis-5.11', traced],
] as const) {
  describe(`ground truth of ${titleOf(version)}, with ${title}`, () => {
    let server: RedisServer;
    let client: Client;
    let provider: MeterProvider;
    let reader: PeriodicExportingMetricReader;

    before(async () => {
      server = await startStandalone();
      const redis = loadRedis(version);
      client = await connect(redis, server, { scripts: SCRIPTS(redis) });
      resetTracing();
      const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
      reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1e6 });
      provider = new MeterProvider({ readers: [reader] });
      instrumentation.setMeterProvider(provider);
    });
    after(async () => {
      sinon.restore();
      instrumentation.setMeterProvider(metrics.getMeterProvider());
      await provider.shutdown();
      await end(client);
      await server.stop();
    });

    it('agrees with the service in every number, and with the server', async () => {
      const service = new Service(client, request, title !== 'no span above');
      const { ledger } = service;
      await server.request('CONFIG', 'RESETSTAT');
      await cacheTraffic(service);
      assert.deepEqual(await keyspace(server), { hits: ledger.sum('hit '), misses: ledger.sum('miss ') });
      await lockTraffic(service);
      const fills = redisSpans().filter(
        ({ attributes }) => attributes['cache.fill'] === true && /^set$/i.test(String(attributes['db.operation.name'])),
      );
      assert.equal(fills.length, ledger.sum('load ') - ledger.sum('load many'));
      assert.ok(fills.every(({ links }) => links.length === 1));
      // Nobody comes to fill what is open now.
      const later = performance.now() + LOAD_WINDOW_MS + 1;
      sinon.stub(performance, 'now').returns(later);
      const found = await measured(reader);
      sinon.restore();
      if (process.env.SHOW_GROUND_TRUTH)
        console.table(ledger.table.map(([name, count]) => ({ name, expected: count, measured: new Map(found).get(name) })));
      assert.deepEqual(found, ledger.table);
      assertQuiet();
    });
  });
}

async function cacheTraffic(service: Service): Promise<void> {
  const { ledger, request } = service;
  // Plain reads: forty keys, three hundred requests one after the other.
  const known = new Set<string>();
  for (let i = 0; i < 300; i++) {
    const key = `user:${service.next() % 40}:profile`;
    if (!known.has(key)) ledger.stampede(1, 'user:{}:profile');
    known.add(key);
    await request(() => service.read(key));
  }
  // Stampedes of known width, at keys nobody has.
  for (const width of [2, 5, 10, 25]) await service.stampede(`product:${1_000 + width}`, width);
  // As many callers, of which one loads.
  await service.loadBehindLock('guarded:1', 12);
  await service.loadOnce('shared:1', 12);
  // Several keys at once, filled by a pipeline; and a transaction, which fills nothing.
  for (let i = 0; i < 10; i++) await request(() => service.readMany([0, 1, 2, 3].map((at) => `many:${i * 2 + at}`)));
  await request(() => service.readInTransaction(['user:1:profile', 'penetrated:1', 'penetrated:2']));
  // Keys that do not exist anywhere.
  for (let i = 0; i < 50; i++) {
    await request(() => service.readInTransaction([`penetrated:${i % 7}`]));
  }
  ledger.add('never filled penetrated:{}', 52);
  // Why they are gone.
  for (let i = 0; i < 5; i++) {
    await service.write(`short:${i}`, 'x', { PX: 20 });
    await service.write(`removed:${i}`, 'xyz');
  }
  await sleep(40);
  for (let i = 0; i < 5; i++) {
    service.expired(`short:${i}`);
    await service.remove(`removed:${i}`);
    for (const key of [`short:${i}`, `removed:${i}`]) {
      await request(() => service.read(key));
      ledger.stampede(1, family(key));
    }
  }
  // Written again by somebody who had not missed it: no load.
  await request(() => service.write('user:3:profile', 'again', { EX: 60 }));
}

async function lockTraffic(service: Service): Promise<void> {
  const { request } = service;
  // One after the other gets it; all but the first wait.
  await Promise.all(Array.from({ length: 8 }, () => request(() => service.lock('lock:7', randomUUID(), 5))));
  // Held for longer than it lives, with nobody and with somebody who takes it over.
  await request(() => service.lock('lease:1', randomUUID(), 60, 20));
  await Promise.all([
    request(() => service.lock('lease:2', randomUUID(), 80, 20)),
    request(() => service.lock('lease:2', randomUUID(), 1, 5_000)),
  ]);
}
