import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type RedisServer, startStandalone } from '../../scripts/redis-server.mjs';
import { ourBundle } from '../support/ours';

const ROOT = resolve(__dirname, '../..');
const THEIRS = '@opentelemetry/instrumentation-redis';

interface Span {
  readonly name: string;
  readonly kind: string;
  readonly status: string;
  readonly hasParent: boolean;
  readonly events: readonly string[];
  readonly attributes: Readonly<Record<string, unknown>>;
}

interface Seen {
  readonly results: readonly unknown[];
  readonly hooked: readonly { readonly command: string; readonly args: readonly string[]; readonly response: string }[];
  readonly spans: readonly Span[];
}

describe('an application set up for the other instrumentation', () => {
  const page = readFileSync(join(ROOT, 'docs/migration.md'), 'utf8');
  let redis: RedisServer;
  before(async () => {
    redis = await startStandalone();
  });
  after(() => redis.stop());

  const pairs = new Map<string, Promise<readonly [theirs: Seen, ours: Seen]>>();

  async function run(packageName: string, version: string): Promise<Seen> {
    await redis.request('FLUSHALL');
    const args = [join(__dirname, 'app.cjs'), packageName, version];
    const env = {
      ...process.env,
      REDIS_HOST: redis.host,
      REDIS_PORT: String(redis.port),
      OTEL_SEMCONV_STABILITY_OPT_IN: '',
      // A machine that is slow would add where the time went.
      OTEL_INSTRUMENTATION_REDIS_SLOW_MS: 'false',
    };
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, env });
    return JSON.parse(stdout.replaceAll(`${redis.host}:${redis.port}`, 'cache.example.com')) as Seen;
  }

  /** What the application shows with theirs and with ours, run once for all tests of a version. */
  function both(version: string): Promise<readonly [theirs: Seen, ours: Seen]> {
    const seen = pairs.get(version) ?? run(THEIRS, version).then(async (theirs) => [theirs, await run(ourBundle(), version)] as const);
    pairs.set(version, seen);
    return seen;
  }

  /** Commands that are no part of a transaction, and did not fail: there the two mean the same. */
  const isSingle = ({ name, status, attributes }: Span): boolean =>
    !/connect|multi|exec/i.test(`${name} ${String(attributes['db.operation.name'])}`) && status === 'UNSET';

  for (const version of ['3.1', '4.7', '6.3']) {
    it(`works on redis ${version} after changing only the import`, async () => {
      const [theirs, ours] = await both(version);
      assert.deepEqual(ours.results, theirs.results);
      // The rest of theirs are failures and the commands of the transaction, see the page.
      assert.equal(ours.hooked.length, 3);
      assert.deepEqual(ours.hooked, theirs.hooked.slice(0, 3));
      const texts = (seen: Seen) =>
        seen.spans
          .filter(isSingle)
          .slice(0, 3)
          .map(({ attributes }) => [attributes['db.query.text'], attributes['app.response']]);
      assert.equal(texts(ours).length, 3);
      assert.deepEqual(texts(ours), texts(theirs));
      assert.deepEqual(
        [theirs, ours].map(({ spans }) => spans.filter((span) => !span.hasParent && !span.name.includes('connect'))),
        [[], []],
      );
    });

    it(`finds every attribute on the page of differences that only one of the two writes on redis ${version}`, async () => {
      const [theirs, ours] = (await both(version)).map(({ spans }) => new Set(spans.flatMap(({ attributes }) => Object.keys(attributes))));
      assert.deepEqual(
        [...(theirs ?? [])].filter((name) => !ours?.has(name)),
        [],
      );
      const added = [...(ours ?? [])].filter((name) => !theirs?.has(name));
      assert.ok(added.length > 0);
      assert.deepEqual(
        added.filter((name) => !page.includes(`\`${name}\``)),
        [],
      );
    });
  }

  it('has both outputs on the page, on redis 6.3', async () => {
    const [theirs, ours] = (await both('6.3')).map(({ spans }) => spans.map(lineOf).join('\n'));
    const blocks = [...page.matchAll(/```text\n([\s\S]*?)\n```/g)].map(([, text]) => text);
    assert.deepEqual(blocks, [theirs, ours]);
  });
});

function lineOf({ name, status, events, attributes }: Span): string {
  // The order of attributes means nothing.
  const names = Object.keys(attributes)
    .sort()
    .filter((key) => !/^(db\.system\.name|server\.|app\.)/.test(key));
  const failed = status === 'ERROR' ? [' ERROR'] : [];
  return [
    `${name}${failed.join('')}`,
    ...events.map((event) => `  event ${event}`),
    ...names.map((key) => `  ${key} = ${String(attributes[key])}`),
  ].join('\n');
}
