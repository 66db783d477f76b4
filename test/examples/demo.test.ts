import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

const DEMO = resolve(__dirname, '../../examples/demo.mjs');

describe('the demo', () => {
  function demo(...args: string[]) {
    const { REDIS_URL: _, ...env } = process.env;
    const child = spawn(process.execPath, [DEMO, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const run = { child, output: '', ended: once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]> };
    const add = (chunk: Buffer) => {
      run.output += chunk;
    };
    child.stdout.on('data', add);
    child.stderr.on('data', add);
    return run;
  }

  it('prints a summary of its traffic without a terminal, and ends', async () => {
    const run = demo();
    assert.deepEqual(await run.ended, [0, null], run.output);
    const expected = [
      / {2}GET \/users\/7 .+ ms\n {4}GET 127.+miss +GET user:7:profile\n {4}SET 127.+SET user:7:profile \? EX \?\n/,
      /POST \/users\/7\/cart.+\n {4}MULTI 127/,
      /publish cache:invalidate.+\n(.+process cache:invalidate.+\n){2}/,
      /✗ WRONGTYPE +LRANGE user:9:feed/,
      /user:\{\}:cart +█+░+ +50\.0 % {3}1 of 2/,
      /lock:checkout:\{\} +1 acquired, 2 refused, 0 lost, held/,
      /cache:invalidate +1 sent, 2 received/,
      /of 8 used, 0 timeouts/,
    ];
    for (const pattern of expected) assert.match(run.output, pattern);
  });

  it('has visitors until it is interrupted where there is a page, and leaves nothing behind', async () => {
    const run = demo('--page');
    while (!run.output.includes('until Ctrl-C') && run.child.exitCode === null) await once(run.child.stderr, 'data');
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(run.output)?.[0] ?? '';
    const feed = (await fetch(`${url}/feed`)).body?.pipeThrough(new TextDecoderStream()).getReader();
    // The first number of spans, and a later one.
    let told = '';
    const seen = () => new Set([...told.matchAll(/"received":\{"spans":(\d+),/g)].map(([, spans]) => Number(spans)));
    while (seen().size < 2) told += (await feed?.read())?.value ?? assert.fail('the feed has ended');
    await feed?.cancel();
    run.child.kill('SIGINT');
    assert.deepEqual(await run.ended, [0, null], run.output);
    await assert.rejects(fetch(url));
  });
});
