import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FINDINGS, LAST, NOT_NODE } from '../../src/cli/doctor/findings';
import type { Ended } from '../packaging/installation';
import { until } from '../support/waiting';
import { type Case, REGISTER, USE } from './cases/case';
import { EXPORT } from './cases/export';
import { LOADING } from './cases/loading';
import { PROGRAM } from './cases/program';
import { SAMPLING } from './cases/sampling';
import { SDK } from './cases/sdk';
import { VARIABLES } from './cases/variables';
import { NAME, type Program, Setup } from './programs';

const CASES = [...PROGRAM, ...VARIABLES, ...LOADING, ...SDK, ...SAMPLING, ...EXPORT];

describe('the doctor', () => {
  let setup: Setup;
  before(async () => {
    setup = await Setup.open();
  });
  after(() => setup.close());

  /** What the doctor said, and what came of the line it said it with. */
  interface Visit extends Ended {
    readonly mended: boolean | undefined;
  }

  async function examine({ program, collector }: Case, service: string): Promise<Visit> {
    const given = typeof program === 'function' ? program(setup) : program;
    const named = { ...given, env: { OTEL_SERVICE_NAME: service, ...given.env } };
    if (collector === undefined) return follow(named, () => setup.hasSpans(service));
    return setup.withCollector(collector, (url, posts) => {
      const env = { ...named.env, OTEL_EXPORTER_OTLP_ENDPOINT: url };
      return follow({ ...named, env }, () => posts() > 0);
    });
  }

  /** What has to be installed or asked of the doctor again is not tried. */
  async function follow(program: Program, hasArrived: () => boolean): Promise<Visit> {
    const ended = await setup.examine(program);
    const line = /^ {2}change: (?!npm |npx )(.+)$/m.exec(ended.stdout)?.[1];
    if (line === undefined) return { ...ended, mended: undefined };
    const { stderr } = await setup.paste(line, program);
    return { ...ended, stderr: `${ended.stderr}\n${line}\n${stderr}`, mended: hasArrived() };
  }

  const visits = new Map<Case, Promise<Visit>>();
  function visit(given: Case): Promise<Visit> {
    const visited = visits.get(given) ?? examine(given, `program-${visits.size}`);
    // Its own test reports it.
    visited.catch(() => undefined);
    visits.set(given, visited);
    return visited;
  }

  for (const [index, given] of CASES.entries()) {
    it(`finds ${given.title}`, async () => {
      const visited = visit(given);
      // Who is examined mostly waits: the next one may come in meanwhile.
      CASES.slice(index + 1, index + 2).map(visit);
      const { code, stdout, stderr, mended } = await visited;
      const found = [...stdout.matchAll(/^(?:problem|note) \(([a-z-]+)\): /gm)].map(([, id]) => id);
      assert.deepEqual(found, given.finds, `${stdout}\n${stderr}`);
      assert.match(stdout, given.says);
      assert.equal(code, stdout.endsWith('not healthy\n') ? 1 : 0);
      assert.equal(code, /^problem/m.test(stdout) ? 1 : 0);
      assert.notEqual(mended, false, `no span came of the line that the doctor gave\n${stdout}\n${stderr}`);
    });
  }

  it('has a case for every row of its table', () => {
    const tested = new Set(CASES.flatMap(({ finds }) => finds));
    assert.deepEqual([...tested].sort(), [...FINDINGS, LAST, NOT_NODE].map(({ id }) => id).sort());
  });

  it('reports what it has seen of a healthy program', async () => {
    const { code, stdout } = await setup.examine({ flags: REGISTER });
    const lines = stdout
      .replace(/ \d+\.\d+\.\d+(?=[ ,;])/g, ' X')
      .replace(/ from \S+/g, ' from F')
      .replace(/:\d+/g, ':PORT')
      .split('\n');
    const expected = [
      'Redis            redis X from F loaded after the instrumentation; @redis/client X from F loaded after the instrumentation',
      'Instrumentation  X from F by register',
      'OpenTelemetry    SDK X, API X, samples with ParentBased{root=AlwaysOnSampler}',
      'Export           OTLPTraceExporter to http://127.0.0.1:PORT (answers 200)',
      'Commands         2 by @redis/client (SET, GET)',
      'Spans            3: SET 127.0.0.1:PORT, GET 127.0.0.1:PORT, QUIT 127.0.0.1:PORT',
      '',
      'healthy: Redis commands are traced',
      '',
    ];
    assert.deepEqual({ code, lines }, { code: 0, lines: expected });
  });

  it('names the API of a program without an SDK', async () => {
    for (const app of [
      "require('@opentelemetry/api').trace.getTracer('app');",
      "import('@opentelemetry/api').then(({ trace }) => trace.getTracer('app'));",
    ]) {
      const { stdout } = await setup.examine({ app });
      assert.match(stdout, /^OpenTelemetry +no SDK, API \d+\.\d+\.\d+ loaded$/m);
    }
  });

  it("does not change the program's output or how it ends", async () => {
    const { stderr } = await setup.examine({ flags: REGISTER });
    assert.equal(stderr, 'Ada\n');
  });

  it('waits no longer than requested, and says so', async () => {
    const { code, stdout } = await setup.examine({ app: 'setInterval(() => {}, 1_000);', flags: REGISTER, seconds: 3 });
    assert.match(
      stdout,
      /No Redis client was loaded in 3 seconds: .*\n {2}change: npx opentelemetry-instrumentation-redis doctor --seconds 60 -- node /,
    );
    assert.equal(code, 1);
  });

  it('finds the process that matters behind npm start', async () => {
    const folder = mkdtempSync(join(setup.program, 'started-'));
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ scripts: { start: `node --require ${NAME}/register ../commonjs.cjs` } }));
    const { code, stdout } = await setup.examine({ command: ['npm', 'start'], folder });
    assert.match(stdout, /^Spans +\d+: SET /m);
    assert.equal(code, 0, stdout);
  });

  it('ends a program that would keep running, and its children', async () => {
    const app = `${USE} use(); console.error('pid', process.pid); setInterval(() => {}, 1_000);`;
    const command = ['sh', '-c', `node --require ${NAME}/register ${setup.write(setup.program, app)}; true`];
    const { code, stdout, stderr } = await setup.examine({ command });
    assert.equal(code, 0, stdout);
    const pid = Number(/pid (\d+)/.exec(stderr)?.[1]);
    await until(() => !isAlive(pid));
  });

  it('shows no password, header, value or argument', async () => {
    const secret = 'hunter2';
    const app = `const client = require('redis').createClient({ url: process.env.REDIS_URL });
      client.connect().then(() => client.set('a', '${secret}')).then(() => client.close());`;
    const { stdout } = await setup.examine({
      command: ['node', ...REGISTER, setup.write(setup.program, app), `--password=${secret}`],
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: setup.receiver.url.replace('//', `//user:${secret}@`),
        OTEL_EXPORTER_OTLP_HEADERS: `authorization=${secret}`,
      },
    });
    assert.match(stdout, /^Commands +1 by @redis\/client \(SET\)$/m);
    assert.doesNotMatch(stdout, new RegExp(secret));
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
