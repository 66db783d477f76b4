import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { instrumentClient } from '../../src';
import { bundle } from '../support/bundle';
import { ClusterStage, KEY } from '../support/cluster-stage';
import type { ClusterNode } from '../support/redis-server';
import { endMigration, migrateKey, moveSlot, refusal, startMigration, withoutSlot } from '../support/slots';
import { assertQuiet, inSpan, redisSpans } from '../support/tracing';
import { type Client, IOREDIS_CORE, titleOf } from '../support/versions';

const VERSIONS = [...IOREDIS_CORE, 'iovalkey-0.4'] as const;
/** Of one slot, that of KEY. */
const PAIR = [`{${KEY}}1`, `{${KEY}}2`] as const;
const [MOVED, ASKED] = [
  [1, 'MOVED'],
  [1, 'ASK'],
] as const;
const TOO_MANY = 'Too many Cluster redirections';

/** What only clusters of ioredis do, or do otherwise: what all clients do is in groups.test.ts. */
describe('clusters of ioredis', () => {
  const stage = new ClusterStage();
  const [from, to] = [() => stage.owner(0), () => stage.owner(1)];
  afterEach(() => assertQuiet());

  /** Runs while the slot of KEY belongs to another master, which the client does not know. */
  async function moved<T>(run: () => Promise<T>): Promise<T> {
    await moveSlot(stage.masters, KEY, to());
    try {
      return await run();
    } finally {
      await moveSlot(stage.masters, KEY, from());
    }
  }

  /** Runs while the slot of KEY is on its way to another master. */
  async function migrating<T>(run: () => Promise<T>): Promise<T> {
    await startMigration(KEY, from(), to());
    try {
      return await run();
    } finally {
      await endMigration(KEY, from(), to());
    }
  }

  /** The text of each span, the node that answered, and why it failed. */
  const told = () => stage.spans().map(({ text, at, error }) => (error === undefined ? [text, at?.port] : [text, at?.port, error]));

  /** How often each call was sent again, and after which redirection at last. */
  const again = () => stage.spans().map((span) => span.again);

  for (const version of VERSIONS) {
    describe(`of ${titleOf(version)}`, () => {
      it('follows TRYAGAIN: one span for all tries', async () => {
        const [first, second] = PAIR;
        await stage.compared(version, async (client) => {
          for (const key of PAIR) await from().request('SET', key, 'v');
          return migrating(async () => {
            await migrateKey(first, from(), to());
            const refused = await refusal('TRYAGAIN', stage.masters);
            const reading = client.mget(first, second);
            await refused();
            await migrateKey(second, from(), to());
            try {
              return await reading;
            } finally {
              for (const key of PAIR) await migrateKey(key, to(), from());
            }
          });
        });
        assert.deepEqual(told(), [[`mget ${first} ${second}`, to().port]]);
        const [
          {
            more,
            again: [attempts],
          } = assert.fail(),
        ] = stage.spans();
        assert.equal(more['cache.hit_count'], 2);
        assert.ok(Number(attempts) >= 1, `sent again ${attempts} times`);
      });

      it('follows CLUSTERDOWN: one span for all tries', async () => {
        await stage.compared(version, (client) =>
          withoutSlot(KEY, from(), async (giveBack) => {
            const refused = await refusal('CLUSTERDOWN', stage.masters);
            const reading = client.get(KEY);
            await refused();
            await giveBack();
            return reading;
          }),
        );
        assert.deepEqual(told(), [[`get ${KEY}`, from().port]]);
        assert.ok(Number(stage.spans()[0]?.again[0]) >= 1);
      });

      it('gives a command that was redirected too often one span, of its own kind of failure', async () => {
        const options = { maxRedirections: 1, retryDelayOnClusterDown: 1 };
        // The last error is one or the other: which node is asked is a matter of chance.
        const reason = (error: Error) => error.message.slice(0, TOO_MANY.length);
        const run = (client: Client) => withoutSlot(KEY, from(), () => client.set(KEY, 'hunter2').catch(reason));
        await stage.compared(version, run, options);
        assert.deepEqual(
          stage.spans().map(({ text, error, more, again: [attempts] }) => [text, error, more['error.type'], attempts]),
          [[`set ${KEY} ?`, TOO_MANY, 'TooManyRedirectionsError', 1]],
        );
      });

      it('reads from replicas with scaleReads, whose address the span has; writes go to the master', async () => {
        for (const scaleReads of ['slave', (nodes: readonly unknown[]) => nodes[1]]) {
          await stage.compared(version, async (client) => [await client.set(KEY, 'v'), await client.exists('b2')], { scaleReads });
          const [write, read] = stage.spans();
          assert.equal(write?.at, from());
          assert.equal(read?.text, 'exists b2');
          assert.ok(stage.replicas.includes(read?.at as ClusterNode), `answered by ${read?.at?.port}`);
        }
      });

      it('gives a pipeline that is redirected one span, at the last node', async () => {
        const read = (client: Client) => client.pipeline().get(KEY).exists(KEY).exec();
        await stage.compared(version, (client) => read(client).then(() => moved(() => read(client))));
        await stage.compared(version, (client) => migrating(() => read(client)));
        const text = `get ${KEY}; exists ${KEY}`;
        assert.deepEqual(told(), [
          [text, from().port],
          [text, to().port],
          [text, to().port],
        ]);
        assert.deepEqual(again(), [[undefined, undefined], MOVED, ASKED]);
      });

      it('gives a transaction that is redirected one span, at the last node', async () => {
        const run = (client: Client) => moved(() => client.multi().set(KEY, 'hunter2').get(KEY).exec());
        await stage.compared(version, run);
        assert.deepEqual(told(), [[`set ${KEY} ?; get ${KEY}`, to().port]]);
        assert.deepEqual(again(), [MOVED]);
      });

      it('gives calls of an auto-pipeline that is redirected one span each, below their own callers', async () => {
        const callers: string[] = [];
        const read = (client: Client, key: string) =>
          inSpan((caller) => {
            callers.push(caller.spanContext().spanId);
            return client.get(key);
          });
        const run = (client: Client) => moved(() => Promise.all(PAIR.map((key) => read(client, key))));
        await stage.compared(version, run, { enableAutoPipelining: true });
        assert.deepEqual(
          told(),
          PAIR.map((key) => [`get ${key}`, to().port]),
        );
        assert.deepEqual(again(), [MOVED, MOVED]);
        assert.deepEqual(
          redisSpans().map(({ parentSpanContext }) => parentSpanContext?.spanId),
          callers.slice(-2),
        );
      });
    });
  }

  for (const version of IOREDIS_CORE) {
    it(`records a bundled cluster of ${titleOf(version)} that instrumentClient was given, and its redirections`, async () => {
      const { Cluster } = createRequire(__filename)(bundle(version, 'cjs minified', "module.exports = require('ioredis');"));
      const client: Client = instrumentClient(new Cluster(stage.rootNodes.map(({ url }) => url)));
      try {
        await new Promise((resolve) => client.once('ready', resolve));
        // Its nodes are known now.
        instrumentClient(client);
        await client.get(KEY);
        await moved(() => client.get(KEY));
        await client.pipeline().get(KEY).exists(KEY).exec();
      } finally {
        client.disconnect();
      }
      assert.deepEqual(told().slice(0, 2), [
        [`get ${KEY}`, from().port],
        [`get ${KEY}`, to().port],
      ]);
      assert.equal(told()[2]?.[0], `get ${KEY}; exists ${KEY}`);
      assert.deepEqual(again()[1], MOVED);
    });
  }
});
