import assert from 'node:assert/strict';
import type { Attributes } from '@opentelemetry/api';
import { Load, MISSING } from '../support/load';
import { type Collected, Measuring } from '../support/metrics';
import type { RedisServer } from '../support/redis-server';
import { assertQuiet, resetTracing } from '../support/tracing';

const RUNS = 2;
const EVICTIONS = 'redis.client.csc.evictions';

/** A metric, the attributes of one of its points, and what that comes to: in every run, or all in all. */
type Row = readonly [name: string, attributes: Attributes, value: number];

/** As it comes, there are no two points of one metric with the same attributes. */
function rowsOf(collected: Collected): Row[] {
  return Object.entries(collected).flatMap(([name, points]) => points.map(({ attributes, value }): Row => [name, attributes, value]));
}

function sorted(rows: readonly Row[]): string[] {
  const inOrder = (attributes: Attributes) => Object.fromEntries(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)));
  return rows.map(([name, attributes, value]) => `${name} ${JSON.stringify(inOrder(attributes))} ${value}`).sort();
}

describe('metrics under a known load', () => {
  let measuring: Measuring;
  let load: Load;
  before(async () => {
    resetTracing();
    measuring = Measuring.start();
    load = await Load.start();
  });
  after(async () => {
    await load.stop();
    await measuring.stop();
    assertQuiet();
  });

  it('are exactly these, with these attributes and numbers', async () => {
    for (let i = 0; i < RUNS; i++) await load.run();
    load.passTime();
    await load.hold();
    const collected = await measuring.collect();
    const { [EVICTIONS]: evictions = [], ...others } = collected;
    const own = rowsOf(others).filter(([name, attributes]) => name === 'redis.client.retries' || isOfLoad(attributes));
    const expected = [...perRun(), ...now()];
    assert.deepEqual(sorted(own.map(withoutTries)), sorted(expected));
    // Of which server is known where no other test has left a cache.
    assert.deepEqual([...new Set(evictions.map(({ attributes }) => attributes['redis.client.csc.reason']))], ['ttl']);
    assert.equal(
      evictions.reduce((sum, { value }) => sum + value, 0),
      RUNS,
    );
  });

  const at = ({ host, port } = load.server): Attributes => ({ 'server.address': host, 'server.port': port });
  const poolName = (suffix = ''): Attributes => ({
    'db.client.connection.pool.name': `${load.server.host}:${load.server.port}/0${suffix}`,
  });
  const user: Attributes = { 'db.redis.key_family': 'user:{}' };
  const absent: Attributes = { 'db.redis.key_family': 'user:absent' };
  const lock: Attributes = { 'db.redis.key_family': 'lock:{}' };

  const seeds = (): string =>
    load.cluster.nodes
      .map(({ host, port }) => `${host}:${port}`)
      .sort()
      .join(',');

  /** Clients of other tests are there as long as they are not collected. */
  function isOfLoad(attributes: Attributes): boolean {
    const place = attributes['server.port'] ?? attributes['server.address'] ?? attributes['db.client.connection.pool.name'];
    return place === undefined || [load.server.port, load.gone.port].some((port) => String(place).includes(String(port)));
  }

  /** How often it tries to connect again is a matter of time. */
  function withoutTries(row: Row): Row {
    const [name, attributes] = row;
    return attributes['error.type'] === 'ECONNREFUSED' && row[2] > 0 ? [name, attributes, 1] : row;
  }

  /** Of Redis, or of a connection. */
  function error(type: string, category: string, isInternal: boolean, server?: RedisServer): Attributes {
    const ofRedis = isInternal ? {} : { 'db.response.status_code': type };
    const told = { 'error.type': type, 'redis.client.errors.category': category, 'redis.client.errors.internal': isInternal };
    return { ...at(server), 'db.namespace': '0', ...ofRedis, ...told };
  }

  /** Counters and histograms: a run, times the runs. */
  function perRun(): Row[] {
    const operation = (name: string, value: number, more: Attributes = {}): Row => [
      'db.client.operation.duration',
      { 'db.system.name': 'redis', 'db.operation.name': name, 'db.namespace': '0', ...at(), ...more },
      value,
    ];
    const message = (name: string): Attributes => ({
      'messaging.system.name': 'redis',
      'messaging.operation.name': name,
      'messaging.destination.template': 'news',
      ...at(),
    });
    const large = { 'db.operation.name': 'LRANGE', 'db.redis.key_family': 'feed:{}', 'redis.client.large_replies.kind': 'rows' };
    const passed = (direction: string): Attributes => ({
      'redis.client.pubsub.message.direction': direction,
      'redis.client.pubsub.sharded': false,
      'redis.client.pubsub.channel': 'news',
      ...at(),
    });
    const ofClient = (type: string): Attributes => {
      const { 'db.response.status_code': _code, ...told } = error(type, 'other', false);
      return told;
    };
    const rows: Row[] = [
      operation('SET', 9),
      // Three hits, three misses, five that two callers fill, three of the client with a cache.
      operation('GET', 14),
      operation('GET', 2, { 'error.type': 'WRONGTYPE', 'db.response.status_code': 'WRONGTYPE' }),
      operation('EVALSHA', 1, {
        'db.response.status_code': 'NOSCRIPT',
        'db.stored_procedure.name': MISSING,
      }),
      operation('GET', 1, { 'error.type': 'ClientClosedError' }),
      operation('DEL', 1),
      operation('EVALSHA', 2, { 'db.stored_procedure.name': load.releaseSha }),
      operation('RPUSH', 2),
      operation('INCR', 12),
      operation('BLPOP', 1, { 'redis.client.operation.blocking': true }),
      ['redis.client.repeated_calls', { 'db.operation.name': 'INCR', 'db.redis.key_family': 'visits:{}' }, 12],
      operation('PUBLISH', 3),
      operation('MULTI GET', 1),
      operation('CLIENT ID', 1),
      ['redis.client.retries', { 'server.address': seeds(), 'redis.client.redirection.kind': 'MOVED' }, 1],
      // Three, one of the transaction, and the first of the client with a cache, which answers the other two itself.
      ['cache.requests', { 'cache.result': 'hit', ...user }, 5],
      ['cache.requests', { 'cache.result': 'hit', 'cache.local': true, ...user }, 2],
      ['cache.requests', { 'cache.result': 'miss', ...user }, 8],
      ['cache.requests', { 'cache.result': 'miss', ...absent }, 1],
      ['cache.misses', { 'cache.miss.reason': 'expired', ...user }, 1],
      ['cache.misses', { 'cache.miss.reason': 'deleted', ...user }, 1],
      ['cache.misses', { 'cache.miss.reason': 'unknown', ...user }, 6],
      ['cache.misses', { 'cache.miss.reason': 'unknown', ...absent }, 1],
      ['cache.unfilled_misses', user, 3],
      ['cache.unfilled_misses', absent, 1],
      ['cache.load.duration', user, 2],
      ['cache.stampede.width', user, 2],
      ['cache.writes', { 'cache.ttl': 'yes', ...user }, 5],
      ['cache.writes', { 'cache.ttl': 'no', ...user }, 1],
      ['cache.value.size', user, 6],
      ['redis.lock.wait.duration', lock, 1],
      ['redis.lock.hold.duration', lock, 1],
      ['redis.lock.lost', lock, 1],
      ['redis.client.reconnects', at(), 1],
      ['redis.client.connection.errors', { ...at(), 'error.type': 'SocketClosedUnexpectedlyError' }, 1],
      ['redis.client.csc.requests', { ...at(), 'redis.client.csc.result': 'hit' }, 2],
      ['redis.client.csc.requests', { ...at(), 'redis.client.csc.result': 'miss' }, 1],
      ['db.client.connection.use_time', poolName(), 5],
      ['db.client.connection.wait_time', poolName('#2'), 1],
      ['db.client.connection.use_time', poolName('#2'), 1],
      ['db.client.connection.timeouts', poolName('#2'), 2],
      // Of a pool that is opened and closed.
      ['db.client.connection.create_time', poolName('#3'), 1],
      ['messaging.client.sent.messages', message('publish'), 3],
      ['messaging.client.consumed.messages', message('process'), 3],
      ['messaging.process.duration', message('process'), 3],
      operation('XADD', 1),
      operation('XREAD', 1),
      operation('LRANGE', 1),
      operation('KEYS', 1),
      ['db.client.response.returned_rows', { 'db.system.name': 'redis', 'db.operation.name': 'KEYS' }, 1],
      ['db.client.response.returned_rows', { 'db.system.name': 'redis', 'db.operation.name': 'LRANGE' }, 1],
      ['db.client.response.returned_rows', { 'db.system.name': 'redis', 'db.operation.name': 'XREAD' }, 1],
      ['redis.client.large_replies', large, 1],
      ['messaging.client.operation.duration', message('publish'), 3],
      ['redis.client.errors', error('WRONGTYPE', 'server', false), 2],
      ['redis.client.errors', error('SocketClosedUnexpectedlyError', 'network', true), 1],
      ['redis.client.errors', ofClient('ClientClosedError'), 1],
      ['redis.client.connection.closed', { ...at(), 'redis.client.connection.close.reason': 'error' }, 1],
      ['redis.client.connection.closed', { ...at(), 'redis.client.connection.close.reason': 'application_close' }, 1],
      ['redis.client.pubsub.messages', passed('out'), 3],
      ['redis.client.pubsub.messages', passed('in'), 3],
      ['redis.client.stream.lag', { ...at(), 'redis.client.stream.name': 'events:{}' }, 1],
      ['redis.client.csc.network_saved', at(), 10],
      ['redis.client.maintenance.notifications', { ...at(), ...poolName(), 'redis.client.connection.notification': 'MOVING' }, 1],
      ['redis.client.connection.handoff', { ...at(), ...poolName() }, 1],
      ['redis.client.connection.relaxed_timeout', { ...at(), ...poolName() }, 1],
    ];
    return rows.map(([name, attributes, value]) => [name, attributes, value * RUNS]);
  }

  /** What is there at the end, and what happened once. */
  function now(): Row[] {
    const state = (one: string, suffix?: string): Attributes => ({ ...poolName(suffix), 'db.client.connection.state': one });
    const process = { 'messaging.system.name': 'redis', 'messaging.operation.name': 'process', 'messaging.destination.template': 'news' };
    return [
      ['db.client.connection.count', state('idle'), 0],
      ['db.client.connection.count', state('used'), 2],
      ['db.client.connection.limit', poolName(), 2],
      ['db.client.connection.idle.max', poolName(), 2],
      ['db.client.connection.idle.min', poolName(), 1],
      ['db.client.connection.pending_requests', poolName(), 3],
      ['db.client.connection.create_time', poolName(), 2],
      // Those of the runs, and the two that have theirs now.
      ['db.client.connection.wait_time', poolName(), 5 * RUNS + 2],
      ['db.client.connection.count', state('idle', '#2'), 1],
      ['db.client.connection.count', state('used', '#2'), 0],
      ['db.client.connection.limit', poolName('#2'), 1],
      ['db.client.connection.idle.max', poolName('#2'), 1],
      ['db.client.connection.idle.min', poolName('#2'), 1],
      ['db.client.connection.pending_requests', poolName('#2'), 0],
      ['db.client.connection.create_time', poolName('#2'), 1],
      // Two clients, one with a cache, a subscriber, two of the one pool and one of the other.
      ['redis.client.connection.count', at(), 7],
      ['redis.client.offline_queue.depth', at(), 0],
      ['redis.client.csc.items', { ...at(), ...poolName() }, 2],
      ['redis.client.errors', error('SocketClosedUnexpectedlyError', 'network', true, load.gone), 1],
      ['redis.client.errors', error('ECONNREFUSED', 'network', true, load.gone), 1],
      ['redis.client.connection.closed', { ...at(load.gone), 'redis.client.connection.close.reason': 'error' }, 1],
      ['redis.client.connection.count', at(load.gone), 0],
      ['redis.client.offline_queue.depth', at(load.gone), 3],
      ['redis.client.connection.errors', { ...at(load.gone), 'error.type': 'SocketClosedUnexpectedlyError' }, 1],
      ['redis.client.connection.errors', { ...at(load.gone), 'error.type': 'ECONNREFUSED' }, 1],
      ['messaging.process.in_flight', { ...process, ...at() }, 0],
    ];
  }
});
