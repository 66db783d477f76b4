import { connect, end, isFrom } from '../support/versions';
import {
  batch,
  batchItems,
  called,
  type ExpectedSpan,
  failed,
  firstFailed,
  fromV5,
  hit,
  isBeforeV46,
  miss,
  type Path,
  span,
  v4,
  WRONGTYPE,
} from './path';

const NO_INTEGER = 'ERR value is not an integer or out of range';
const LIST = [['LPUSH', 'list', 'x']] as const;

/** Transactions and pipelines: one span each. */
export const BATCHES: readonly Path[] = [
  {
    title: 'multi of three',
    given: [['SET', 'a', '1']],
    run: ({ client }) => client.multi().get('a').set('b', 'secret').get('c').exec(),
    spans: () => [span('MULTI', 'GET a; SET b ?; GET c', batch(3, batchItems(1, 1)))],
  },
  {
    title: 'multi of the same command, named after it',
    run: ({ client }) => client.multi().incr('a').incr('b').exec(),
    spans: () => [span('MULTI INCR', 'INCR a; INCR b', batch(2))],
  },
  {
    title: 'multi of one, which is that command',
    given: [['SET', 'a', '1']],
    run: ({ client }) => client.multi().get('a').exec(),
    spans: () => [span('GET', 'GET a', hit(1))],
  },
  {
    title: 'multi of three with one that fails',
    given: LIST,
    run: ({ client }) => client.multi().set('a', 'secret').get('list').get('b').exec(),
    spans: () => [
      failed('MULTI', 'SET a ?; GET list; GET b', 'WRONGTYPE', WRONGTYPE, batch(3, { ...batchItems(0, 1), ...firstFailed(1) })),
    ],
  },
  {
    title: 'multi that Redis refuses while it is queued',
    run: ({ client }) => addRaw(client.multi().set('a', 'secret'), ['GET']).exec(),
    spans: () => [failed('MULTI', 'SET a ?; GET', 'ERR', "ERR wrong number of arguments for 'get' command", batch(2, firstFailed(1)))],
  },
  {
    title: 'multi that is never run',
    run: async ({ client }) => {
      client.multi().get('a');
    },
    spans: () => [],
  },
  {
    title: 'a discard with nothing to discard',
    run: ({ client }) => client.sendCommand(['DISCARD']),
    spans: () => [failed('DISCARD', 'DISCARD', 'ERR', 'ERR DISCARD without MULTI')],
  },
  {
    title: 'an empty multi',
    run: ({ client }) => client.multi().exec(),
    // Before 4.6 it sends nothing.
    spans: (version) => (isBeforeV46(version) ? [] : [span('MULTI', '', batch(0))].map(withoutText)),
  },
  {
    title: 'a transaction that a watched key aborts, an outcome and no error',
    run: async ({ client, server }) => {
      await client.watch('k');
      await server.request('SET', 'k', 'other');
      return client.multi().set('k', 'secret').get('k').exec();
    },
    spans: () => [span('WATCH', 'WATCH k'), span('MULTI', 'SET k ?; GET k', batch(2, { 'db.redis.transaction.aborted': true }))],
  },
  {
    title: 'a pipeline of one hundred',
    run: ({ client }) => {
      const pipeline = client.multi();
      for (let i = 0; i < 100; i++) pipeline.get(`key:${i}`);
      return pipeline.execAsPipeline();
    },
    spans: () => [span('PIPELINE GET', textOfHundred(), batch(100, batchItems(0, 100)))],
  },
  {
    title: 'exec(true), a pipeline',
    given: [['SET', 'a', '1']],
    run: ({ client }) => client.multi().get('a').set('b', 'secret').exec(true),
    spans: () => [span('PIPELINE', 'GET a; SET b ?', batch(2, batchItems(1, 0)))],
  },
  {
    title: 'a pipeline with one that fails',
    given: [...LIST, ['SET', 'a', '1']],
    run: ({ client }) => client.multi().get('a').get('list').get('b').execAsPipeline(),
    spans: () => [
      failed('PIPELINE GET', 'GET a; GET list; GET b', 'WRONGTYPE', WRONGTYPE, batch(3, { ...batchItems(1, 1), ...firstFailed(1) })),
    ],
  },
  {
    title: 'an empty pipeline sends nothing',
    run: ({ client }) => client.multi().execAsPipeline(),
    spans: () => [],
  },
  {
    title: 'multi with a select that Redis refuses: it is not used as database',
    run: async ({ client }) => {
      await addRaw(client.multi().get('a'), ['SELECT', 'secret'])
        .exec()
        .catch(() => {});
      return client.get('k');
    },
    spans: () => [
      failed('MULTI', 'GET a; SELECT ?', 'ERR', NO_INTEGER, batch(2, { ...batchItems(0, 1), ...firstFailed(1) })),
      span('GET', 'GET k', miss),
    ],
  },
  {
    title: 'multi with a select of an invalid database: it is not used either',
    on: (version) => isFrom(version, '4.2'),
    run: async ({ client }) => {
      await client
        .multi()
        .select('secret' as unknown as number)
        .get('a')
        .exec()
        .catch(() => {});
      return client.get('k');
    },
    spans: () => [
      failed('MULTI', 'SELECT ?; GET a', 'ERR', NO_INTEGER, batch(2, { ...batchItems(0, 1), ...firstFailed(0) })),
      span('GET', 'GET k', miss),
    ],
  },
  {
    title: 'multi with a select and a raw command',
    on: (version) => isFrom(version, '4.2'),
    run: async ({ client }) => {
      await addRaw(client.multi().select(3).get('a'), ['GET', 'b']).exec();
      return client.get('c');
    },
    spans: () => [
      span('MULTI', 'SELECT 3; GET a; GET b', batch(3, batchItems(0, 2))),
      span('GET', 'GET c', { ...miss, 'db.namespace': '3' }),
    ],
  },
  {
    title: 'concurrent commands, sent together but each its own',
    run: ({ client }) => Promise.all([client.get('a'), client.get('b')]),
    spans: () => [span('GET', 'GET a', miss), span('GET', 'GET b', miss)],
  },
  {
    title: 'multi of a legacy client',
    on: fromV5,
    run: ({ client }) => called((callback) => client.legacy().multi().get('a').get('b').exec(callback)),
    spans: () => [span('MULTI get', 'get a; get b', batch(2, batchItems(0, 2)))],
  },
  {
    title: 'multi in legacyMode',
    on: v4,
    run: async ({ redis, server }) => {
      const client = await connect(redis, server, { legacyMode: true });
      try {
        return await called((callback) => client.multi().get('a').get('b').exec(callback));
      } finally {
        await end(client);
      }
    },
    // Before 4.6 its lower-case methods have the upper-case name.
    spans: (version) => [
      isBeforeV46(version)
        ? span('MULTI GET', 'GET a; GET b', batch(2, batchItems(0, 2)))
        : span('MULTI get', 'get a; get b', batch(2, batchItems(0, 2))),
    ],
  },
];

/** Adds a command as it is. */
function addRaw(
  multi: { addCommand(args: readonly string[]): typeof multi; exec(): Promise<unknown> },
  args: readonly string[],
): typeof multi {
  return multi.addCommand(args);
}

/** What fits into 1,024 characters. */
function textOfHundred(): string {
  return `${Array.from({ length: 86 }, (_, i) => `GET key:${i}`).join('; ')}; …`;
}

function withoutText({ attributes, ...rest }: ExpectedSpan): ExpectedSpan {
  const { 'db.query.text': _, ...others } = attributes;
  return { ...rest, attributes: others };
}
