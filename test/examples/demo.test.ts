import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';

const DEMO = resolve(__dirname, '../../examples/demo.mjs');

describe('the demo', () => {
  it('shows without a terminal what its traffic came to, and ends', async function () {
    this.timeout(90_000);
    const { REDIS_URL: _, ...env } = process.env;
    const child = spawn(process.execPath, [DEMO], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        output += chunk;
      });
    const code = await new Promise((settle) => child.once('close', settle));
    assert.equal(code, 0, output);
    for (const expected of [
      / {2}GET \/users\/7 .+ ms\n {4}GET 127.+miss +GET user:7:profile\n {4}SET 127.+SET user:7:profile \? EX \?\n/,
      /POST \/users\/7\/cart.+\n {4}MULTI 127/,
      /publish cache:invalidate.+\n(.+process cache:invalidate.+\n){2}/,
      /✗ WRONGTYPE +LRANGE user:9:feed/,
      /user:\{\}:cart +█+░+ +50\.0 % {3}1 of 2/,
      /lock:checkout:\{\} +1 acquired, 2 refused, 0 lost, held/,
      /cache:invalidate +1 sent, 2 received/,
      /of 8 used, 0 timeouts/,
    ])
      assert.match(output, expected);
  });
});
