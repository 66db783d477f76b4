import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../docs/markdown';
import { type Stage, startStage, texts, totalOf } from '../software/traced';
import { startCluster } from '../support/redis-server';

/** What the example's README says to run, without the installation. */
function documented(example: string): string {
  const readme = readFileSync(join(ROOT, 'examples', example, 'README.md'), 'utf8');
  const lines = /```sh\n([\s\S]*?)```/.exec(readme)?.[1]?.trim().split('\n') ?? [];
  const [last = '', ...before] = lines.filter((line) => !line.startsWith('npm ')).reverse();
  // So that the program gets the signals of who started it.
  return [...before.reverse(), last.replace(/\bnode /, 'exec node ')].join('\n');
}

describe('the examples, run as documented', function () {
  this.timeout(180_000);
  let stage: Stage;
  before(async () => {
    stage = await startStage();
  });
  after(() => stage.stop());

  it('express-session: a login sets a session, requests read it, a logout deletes it', async () => {
    const drive = async (url: string) => {
      const login = await fetch(`${url}/login/ada`, { method: 'POST' });
      const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? '';
      const ask = async (path: string, method: string, own = cookie) =>
        (await fetch(url + path, { method, headers: { cookie: own } })).json();
      const forged = 'connect.sid=s%3Anobody.knows';
      return [
        await login.json(),
        await ask('/', 'GET'),
        await ask('/logout', 'POST'),
        await ask('/', 'GET'),
        await ask('/', 'GET', forged),
      ];
    };
    const { driven, spans, series } = await stage.trace({ command: documented('express-session'), drive });
    assert.deepEqual(driven, [{ user: 'ada' }, { user: 'ada' }, { user: null }, { user: null }, { user: null }]);
    assert.deepEqual(texts(spans), ['SET sess:? ? EX ?', 'GET sess:?', 'EXPIRE sess:? ?', 'GET sess:?', 'DEL sess:?', 'GET sess:?']);
    const family = { 'db.redis.key_family': 'sess:{}' };
    assert.equal(totalOf(series, 'cache.requests', { ...family, 'cache.result': 'hit' }), 2);
    assert.equal(totalOf(series, 'cache.requests', { ...family, 'cache.result': 'miss' }), 1);
    assert.equal(totalOf(series, 'cache.writes', { ...family, 'cache.ttl': 'yes' }), 1);
  });

  it('nestjs-cache: the first request computes and fills, the next one hits', async () => {
    const drive = async (url: string) => {
      const ask = async (city: string) => (await fetch(`${url}/forecast/${city}`)).json();
      return [await ask('Oslo'), await ask('Oslo'), await ask('Rome')];
    };
    const { driven, spans, series } = await stage.trace({ command: documented('nestjs-cache'), drive });
    const [oslo, rome] = [1, 2].map((computed) => ({ city: computed === 1 ? 'Oslo' : 'Rome', celsius: 4, computed }));
    assert.deepEqual(driven, [oslo, oslo, rome]);
    assert.deepEqual(texts(spans), [
      'GET /forecast/Oslo',
      'SET /forecast/Oslo ? PX ?',
      'GET /forecast/Oslo',
      'GET /forecast/Rome',
      'SET /forecast/Rome ? PX ?',
    ]);
    assert.deepEqual(
      spans.flatMap(({ attributes }) => attributes['cache.hit'] ?? []),
      [false, true, false],
    );
    assert.equal(totalOf(series, 'cache.load.duration'), 2);
  });

  it('bullmq: scripts by their names, a batch of jobs one span, and no more than the calls of each job', async () => {
    const { stdout, spans } = await stage.trace({ command: documented('bullmq') });
    assert.equal(stdout, 'sent to 7\nsent to 8\nsent to 9\n');
    const named = (name: string) => spans.filter((span) => span.name === name);
    assert.equal(spans.filter(({ attributes }) => attributes['db.operation.name'] === 'PIPELINE evalsha').length, 1);
    // It takes the next job with it.
    assert.equal(named('evalsha moveToFinished').length, 3);
    assert.ok(named('evalsha moveToActive').length >= 1);
    const procedures = spans.flatMap(({ attributes }) => attributes['db.stored_procedure.name'] ?? []);
    assert.deepEqual(
      procedures.filter((name) => !/^[a-zA-Z]+$/.test(String(name))),
      [],
    );
    // BullMQ closes connections that wait for work.
    const failures = spans.flatMap(({ attributes }) => attributes['error.type'] ?? []);
    assert.deepEqual([...new Set(failures)], ['ConnectionClosedError']);
  });

  it('cluster: one span for a call, by the node that answered', async () => {
    const cluster = await startCluster({ masters: 3, replicasPerMaster: 0 });
    try {
      const env = { REDIS_NODES: cluster.rootNodes.map(({ url }) => url).join(',') };
      const reset = () => Promise.all(cluster.nodes.map((node) => node.request('FLUSHALL')));
      const { stdout, spans } = await stage.trace({ command: documented('cluster'), env, reset });
      assert.equal(stdout, 'Ada Grace 1\n');
      assert.deepEqual(texts(spans), [
        'SET user:1 ? EX ?',
        'SET user:2 ? EX ?',
        'INCR {user:1}:visits; EXPIRE {user:1}:visits ?',
        'GET user:1',
        'GET user:2',
        'GET {user:1}:visits',
      ]);
      const ports = cluster.nodes.map(({ port }) => port);
      for (const { attributes } of spans) assert.ok(ports.includes(attributes['network.peer.port'] as number), 'no peer');
    } finally {
      await cluster.stop();
    }
  });

  it('sdk-in-code: the options of the code are in force', async () => {
    const { stdout, spans } = await stage.trace({ command: documented('sdk-in-code'), hasOwnSdk: true });
    assert.equal(stdout, 'Ada\n');
    assert.deepEqual(texts(spans), ['SET user:{} ? EX ?', 'GET user:{}']);
    assert.deepEqual(
      spans.map(({ attributes }) => attributes['shop.command']),
      ['SET', 'GET'],
    );
  });

  it('bundle: redis in it is recorded through its channels', async () => {
    const { stdout, spans } = await stage.trace({ command: documented('bundle') });
    assert.equal(stdout, 'Ada\n');
    // Node-redis masks what it does not know to be a key.
    assert.deepEqual(texts(spans), ['SET user:7 ? ? ?', 'GET user:7']);
    assert.equal(spans[1]?.attributes['cache.hit'], true);
  });
});
