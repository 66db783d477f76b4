import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

const RUN = resolve(__dirname, '../../examples/messages/run.mjs');

async function run(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [RUN, ...args], { timeout: 120_000 });
  return stdout.replace(/127\.0\.0\.1:\d+/g, 'redis');
}

describe('the example of messages', () => {
  it('is one trace through a publisher, a subscriber and a worker', async () => {
    const [first = '', ...lines] = (await run()).split('\n');
    assert.match(first, /^trace [0-9a-f]{32}$/);
    assert.deepEqual(lines.slice(0, lines.indexOf('')), [
      '  place order  [shop]',
      '    SET redis  [shop]',
      '    publish orders:{}  [shop]',
      '      process orders:{}  [warehouse]',
      '        GET redis  [warehouse]',
      '    xadd orders:{}  [shop]',
      '      <- xreadgroup orders:queue  [billing]',
      '      process orders:queue  [billing]',
      '        SET redis  [billing]',
      '        XACK redis  [billing]',
    ]);
  });

  it('delivers every message of a fan-out once, identical, and counts them all', async () => {
    const report = (await run('1000', '3')).split('\n').filter((line) => /^(shop|warehouse|billing)/.test(line));
    const counted = 'messaging.client.consumed.messages 1000, messaging.process.duration 1000, spans 1000';
    assert.deepEqual(report, [
      'shop: sent 1000, messaging.client.sent.messages 1000 by publish, messaging.client.sent.messages 1000 by xadd',
      ...[1, 2, 3].map((index) => `warehouse-${index}: delivered 1000, distinct 1000, payloads identical, ${counted}`),
      `billing: delivered 1000, distinct 1000, payloads identical, fields order, ${counted}`,
    ]);
  });
});
