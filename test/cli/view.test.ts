import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { type RedisServer, startStandalone } from '../../scripts/redis-server.mjs';

const MAIN = resolve(__dirname, '../../build/cli/main.js');
const APP = resolve(__dirname, '../view/app.mjs');
const WEB = resolve(__dirname, '../view/web.mjs');

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe('the command view', () => {
  let redis: RedisServer;
  before(async () => {
    redis = await startStandalone();
  });
  after(() => redis.stop());
  beforeEach(() => redis.request('FLUSHALL'));

  function view(args: readonly string[], env: Record<string, string> = {}, onOutput?: (child: ChildProcess, output: string) => void) {
    const child = spawn(process.execPath, [MAIN, 'view', ...args], {
      env: { PATH: process.env.PATH, REDIS_URL: redis.url, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (chunk) => {
        output[name] += chunk;
        onOutput?.(child, output[name]);
      });
    }
    return new Promise<Ended>((settle) => child.once('close', (code) => settle({ code, ...output })));
  }

  it('prints a waterfall and a summary, ends with the program, and has its exit code', async () => {
    const { code, stdout, stderr } = await view(['--headless', '--', process.execPath, APP], { EXIT_CODE: '7' });
    assert.equal(code, 7);
    assert.equal(stderr, 'done\n');
    const lines = stdout.split('\n');
    assert.match(lines[1] ?? '', /app\.mjs {2}\d+ spans, /);
    const names = lines.slice(2, 9).map((line) => line.slice(0, 11).trimEnd());
    assert.deepEqual(names, ['  load a pr', ...Array.from({ length: 3 }, () => ['    GET 127', '    SET 127']).flat()]);
    assert.match(stdout, /✗ WRONGTYPE +LRANGE user:1 0 -1/);
    assert.match(stdout, /user:\{\} +█{14}░{6} +70\.0 % {3}7 of 10/);
    assert.match(stdout, /lock:checkout:\{\} +1 acquired, 0 refused/);
    assert.ok(!stdout.includes('\u001b'));
  });

  it('shows the requests that commands belong to, also of ES modules, if an instrumentation for them is installed', async () => {
    const { code, stdout, stderr } = await view(['--headless', '--', process.execPath, WEB]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    assert.match(stdout, /^ +GET \/users\/1 .*\n^ {4,}GET \S+ .* miss +GET user:1$/m);
  });

  it('prints the summary as JSON, and fails where a budget is broken', async () => {
    const { code, stdout, stderr } = await view(['--json', '--fail-on', 'hit-ratio<0.8,errors>1', '--', process.execPath, APP]);
    const { totals, budgets, traces } = JSON.parse(stdout);
    assert.deepEqual([totals.hits, totals.misses, traces], [7, 3, undefined]);
    assert.deepEqual(budgets, [
      { budget: 'hit-ratio<0.8', measured: 0.7, broken: true },
      { budget: 'errors>1', measured: 1, broken: false },
    ]);
    assert.equal(stderr, 'done\nbudget broken: hit-ratio<0.8 (measured 0.7)\n');
    assert.equal(code, 1);
  });

  it('has the exit code of the program where budgets are kept, and fails where nothing was measured', async () => {
    const [kept, silent, unreadable] = await Promise.all([
      view(['--fail-on', 'errors>1', '--', process.execPath, APP], { EXIT_CODE: '7' }),
      view(['--fail-on', 'errors>1', '--', process.execPath, '--eval', '1']),
      view(['--fail-on', 'errors!', '--', process.execPath, '--eval', '1']),
    ]);
    assert.deepEqual([kept.code, silent.code, unreadable.code], [7, 1, 2]);
    assert.match(unreadable.stderr, /--fail-on: "errors!" is no budget/);
  });

  const ENDINGS: readonly [how: string, end: string, code: number][] = [
    ['calls process.exit()', 'process.exit(7)', 7],
    ['fails with an uncaught error', 'throw new Error()', 1],
  ];
  for (const [how, end, code] of ENDINGS) {
    it(`shows a program that ${how}`, async () => {
      const program = `
        const client = require('redis').createClient({ url: process.env.REDIS_URL });
        client.connect().then(() => client.get('k')).then(() => { ${end} });`;
      const ended = await view(['--json', '--', process.execPath, '--eval', program]);
      assert.equal(ended.code, code);
      assert.equal(JSON.parse(ended.stdout).totals.calls, 1);
    });
  }

  it("receives the telemetry, whatever the shell's variables say", async () => {
    const { stdout } = await view(['--headless', '--', process.execPath, APP], {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:1/v1/traces',
      OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'grpc',
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_TRACES_SAMPLER: 'always_off',
      OTEL_SDK_DISABLED: 'true',
    });
    assert.match(stdout, /70\.0 % {3}7 of 10/);
    assert.match(stdout, /✗ WRONGTYPE/);
  });

  it('joins an SDK that the program starts itself', async () => {
    const program = `
      const { NodeSDK } = require('@opentelemetry/sdk-node');
      const sdk = new NodeSDK({ serviceName: 'own' });
      sdk.start();
      import(${JSON.stringify(APP)}).then(() => sdk.shutdown());`;
    const { code, stdout, stderr } = await view(['--headless', '--hook', '--', process.execPath, '--eval', program]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: 'done\n' });
    assert.match(stdout, /70\.0 % {3}7 of 10/);
  });

  it('refers to the doctor if nothing was received', async () => {
    const { code, stdout, stderr } = await view(['--headless', '--hook', '--', process.execPath, '--eval', '1']);
    assert.equal(code, 0);
    assert.match(stdout, / {2}no spans$/m);
    assert.match(stderr, /^Nothing was sent here\. To see why: npx \S+ doctor -- …$/m);
  });

  it('passes a signal on, and ends with the program', async () => {
    let sent = false;
    const { code, stdout, stderr } = await view(['--', process.execPath, APP], { STAYS: '1' }, (child, output) => {
      if (sent || !output.includes('done\n')) return;
      sent = true;
      child.kill('SIGTERM');
    });
    assert.deepEqual({ code, stdout }, { code: 0, stdout: '' });
    assert.match(stderr, /^page: http:\/\/127\.0\.0\.1:\d+\ndone\n$/);
  });

  for (const signal of ['SIGINT', 'SIGHUP'] as const) {
    it(`leaves nothing behind after ${signal}, not even the children of a shell`, async () => {
      const script = `"${process.execPath}" -e "console.log(process.pid); setInterval(() => {}, 1000)" & wait`;
      let pid = 0;
      await view(['--', 'sh', '-c', script], {}, (child, output) => {
        const printed = /^(\d+)$/m.exec(output)?.[1];
        if (pid > 0 || printed === undefined) return;
        pid = Number(printed);
        child.kill(signal);
      });
      assert.ok(pid > 0);
      assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
    });
  }

  it('shows by its exit code which signal ended the program', async () => {
    const { code } = await view(['--', process.execPath, '--eval', 'process.kill(process.pid, "SIGKILL")']);
    assert.equal(code, 137);
  });

  it('waits for programs that are started elsewhere, with a line that starts them', async () => {
    let line: string | undefined;
    let shown = '';
    const { code } = await view([], {}, (child, output) => {
      if (line !== undefined) return;
      line = /^Start a program elsewhere with: (.+) node app\.js$/m.exec(output)?.[1];
      if (line === undefined) return;
      void elsewhere(`${line} "${process.execPath}" "${APP}"`)
        .then(async () => {
          const feed = (await fetch(`${/^page: (\S+)$/m.exec(output)?.[1]}/feed`)).body?.pipeThrough(new TextDecoderStream()).getReader();
          while (!shown.includes('\n\n')) shown += (await feed?.read())?.value ?? assert.fail('the feed has ended');
        })
        .finally(() => child.kill('SIGINT'));
    });
    assert.equal(code, 0);
    const { totals } = JSON.parse(shown.replace('data: ', '')) as { totals: { hits: number; misses: number } };
    assert.deepEqual([totals.hits, totals.misses], [7, 3]);
  });

  /** Runs a line as a person would who pastes it. */
  function elsewhere(line: string) {
    return new Promise((settle) => {
      spawn('sh', ['-c', line], { env: { PATH: process.env.PATH, REDIS_URL: redis.url }, stdio: 'ignore' }).once('exit', settle);
    });
  }

  it('explains that a port is in use', async () => {
    const taken = createServer();
    await new Promise<void>((settle) => taken.listen(0, '127.0.0.1', settle));
    const { port } = taken.address() as { port: number };
    for (const [value, message] of [
      [`${port}`, /is taken/],
      ['many', /from 0 to 65535/],
      ['65536', /from 0 to 65535/],
    ] as const) {
      const { code, stdout, stderr } = await view(['--port', value, '--', process.execPath, APP]);
      assert.deepEqual({ code, stdout }, { code: 2, stdout: '' });
      assert.match(stderr, message);
    }
    await new Promise((settle) => taken.close(settle));
  });

  it('uses the requested port', async () => {
    const probe = createServer();
    await new Promise<void>((settle) => probe.listen(0, '127.0.0.1', settle));
    const { port } = probe.address() as { port: number };
    await new Promise((settle) => probe.close(settle));
    const { stderr } = await view(['--port', `${port}`, '--', process.execPath, '--eval', '']);
    assert.equal(stderr, `page: http://127.0.0.1:${port}\n`);
  });
});
