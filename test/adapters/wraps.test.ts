import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import shimmer from 'shimmer';
import { Wraps } from '../../src/adapters/others/wraps';

const FILE = 'dist/lib/cluster/multi-command.js';
const requireRedis = createRequire(join(__dirname, '../versions/redis-6.3/package.json'));

describe('the patches of other instrumentations', () => {
  it('are removed from the batches of a cluster, pipelines too', () => {
    const exported = createRequire(requireRedis.resolve('redis'))(`@redis/client/${FILE}`);
    const prototype: Record<string, () => void> = exported.default.prototype;
    const names = ['exec', 'execAsPipeline', 'addCommand'];
    const originals = names.map((name) => prototype[name]);
    const wraps = new Wraps();
    wraps.watch('redis', FILE, exported);
    for (const name of names) shimmer.wrap(prototype, name, (original) => () => original());
    assert.deepEqual(wraps.clients, ['redis']);
    wraps.unwrap('redis');
    assert.deepEqual(
      names.map((name) => prototype[name]),
      originals,
    );
  });
});
