import assert from 'node:assert/strict';
import type { ClientName } from '../../src';
import { type RedisServer, startStandalone } from '../support/redis-server';
import { assertQuiet, redisSpans, resetTracing } from '../support/tracing';
import { connect, end, loadRedis } from '../support/versions';

const VERSIONS = ['3.1', '6.3', 'ioredis-5.11', 'iovalkey-0.4'] as const;

describe('the option clients', () => {
  let server: RedisServer;
  before(async () => {
    server = await startStandalone();
  });
  after(() => server.stop());
  afterEach(() => resetTracing());

  /** The versions whose clients have spans. */
  async function recorded(clients: readonly ClientName[]): Promise<string[]> {
    resetTracing({ clients });
    const found = [];
    for (const version of VERSIONS) {
      const client = await connect(loadRedis(version), server);
      await client.get('k');
      await end(client);
      if (redisSpans().length > 0) found.push(version);
      assertQuiet();
      resetTracing({ clients });
    }
    return found;
  }

  it('decides which are recorded, at once and for existing clients', async () => {
    const cases = [
      [['redis', 'ioredis', 'iovalkey'], VERSIONS],
      [['ioredis'], ['ioredis-5.11']],
      [
        ['redis', 'iovalkey'],
        ['3.1', '6.3', 'iovalkey-0.4'],
      ],
      [[], []],
    ] as const;
    for (const [clients, expected] of cases) {
      assert.deepEqual(await recorded(clients), expected);
    }
  });

  it('does not change the functions of the others', () => {
    const { library } = loadRedis('ioredis-5.11');
    const patched = library.prototype.sendCommand;
    resetTracing({ clients: ['redis'] });
    assert.notEqual(library.prototype.sendCommand, patched);
    assert.doesNotMatch(String(library.prototype.sendCommand), /pass\(this/);
    resetTracing();
    assert.match(String(library.prototype.sendCommand), /pass\(this/);
  });
});
