import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type RedisServer, startStandalone } from '../../scripts/redis-server.mjs';
import { type Installation, installation, run } from './installation';

describe('the view of the installed package', () => {
  let installed: Installation;
  let redis: RedisServer;
  let main: string;
  before(async () => {
    installed = installation();
    main = join(installed.package, 'build/cli/main.js');
    redis = await startStandalone();
  });
  after(() => redis.stop());

  it('shows the commands of a program, from the tarball alone', async () => {
    const cwd = installed.program('6.3');
    const { code, stdout, stderr } = await run([main, 'view', '--headless', '--', process.execPath, 'module.mjs'], {
      cwd,
      env: { REDIS_URL: redis.url },
    });
    assert.deepEqual({ code, stderr }, { code: 0, stderr: 'Ada\n' });
    assert.match(stdout, /GET 127.+hit +GET user:7\n/);
    assert.match(stdout, /user:\{\} +█{20} +100\.0 % {3}1 of 1\n/);
  });

  it('has its page, and says what to do about protobuf without a decoder', async () => {
    const view = spawn(process.execPath, [main, 'view'], { cwd: installed.folder, stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = once(view, 'exit');
    try {
      const [line] = (await once(createInterface({ input: view.stderr }), 'line')) as [string];
      const url = line.replace('page: ', '');
      for (const path of ['/', '/main.mjs', '/style.css']) assert.equal((await fetch(url + path)).status, 200, path);
      const answer = await fetch(`${url}/v1/traces`, { method: 'POST', headers: { 'content-type': 'application/x-protobuf' }, body: '' });
      assert.equal(answer.status, 415);
      const { message } = (await answer.json()) as { message: string };
      assert.match(message, /protobufjs is not installed.+OTEL_EXPORTER_OTLP_PROTOCOL=http\/json/);
    } finally {
      view.kill('SIGTERM');
      await ended;
    }
  });
});
