import assert from 'node:assert/strict';
import { longer, preloading, setting, unsetting } from '../../src/cli/doctor/advice';
import type { Evidence } from '../../src/cli/doctor/evidence';
import { nearest } from '../../src/cli/doctor/findings/nearest';
import { nodeOptions } from '../../src/cli/program';
import { NAME } from './programs';

/** A program of which nothing is known but how it was started. */
function startedBy(program: Evidence['program'], seen: Partial<Evidence> = {}): Evidence {
  return {
    pid: 1,
    thread: 0,
    cwd: '/app',
    hasTurned: true,
    packages: [],
    instrumentation: undefined,
    api: { version: undefined, registered: [] },
    commands: [],
    connectionErrors: [],
    environment: {},
    program,
    own: undefined,
    ending: undefined,
    waitedSeconds: 15,
    reaches: [],
    ...seen,
  };
}

describe("a line in the doctor's advice", () => {
  const lines: readonly [what: string, line: string, expected: string][] = [
    [
      'preloads before existing flags',
      preloading(startedBy(['node', '-r', './own.cjs', 'app.js'])),
      `node --import ${NAME}/register -r ./own.cjs app.js`,
    ],
    ['preloads into a script', preloading(startedBy(['npm', 'run', 'dev'])), `NODE_OPTIONS="--import ${NAME}/register" npm run dev`],
    [
      'joins an existing SDK',
      preloading(startedBy(['node', 'app.js'], { api: { version: '1.9.1', registered: ['trace'] } })),
      `node --import ${NAME}/hook app.js`,
    ],
    [
      'replaces the hook where an SDK is missing',
      preloading(startedBy(['node', '--import', `${NAME}/hook`, 'app.js'])),
      `node --import ${NAME}/register app.js`,
    ],
    [
      'shows no argument where the hook is to be replaced',
      preloading(startedBy(['node', '--import', `${NAME}/hook`, 'app.js', 'hunter2'])),
      `export NODE_OPTIONS="--import ${NAME}/register"`,
    ],
    ['sets a variable', setting('A', 'b c', startedBy(['node', 'app.js'])), 'A="b c" node app.js'],
    ['shows no argument of the program', setting('A', 'b', startedBy(['node', 'app.js', 'hunter2'])), 'export A=b'],
    ['shows no script that is an argument', unsetting('A', startedBy(['node', '-e', 'login("hunter2")'])), 'unset A'],
    ['unsets a variable', unsetting('A', startedBy(['npm', 'start'])), 'env -u A npm start'],
    ['gives more time', longer(startedBy(['npm', 'start'])), `npx ${NAME} doctor --seconds 60 -- npm start`],
  ];
  for (const [what, line, expected] of lines) it(what, () => assert.equal(line, expected));

  it('suggests the word that was probably meant, or none', () => {
    assert.equal(nearest('alway_on', ['always_on', 'always_off']), 'always_on');
    assert.equal(nearest('./own/preload.cjs', ['opentelemetry-instrumentation-redis/hook']), undefined);
  });
});

describe("NODE_OPTIONS, with the sub-command's own preload", () => {
  const [file, program] = ['/our/probe.js', ['node', 'app.js'] as const];

  it("has it before the user's", () => {
    assert.equal(nodeOptions('--require ./own.cjs', program, { file }), '--require "/our/probe.js" --require ./own.cjs');
  });

  it("has it after Yarn's, in every way Yarn writes it", () => {
    for (const yarns of ['--require /a/.pnp.cjs', '--require "/a b/.pnp.cjs" --experimental-loader file:///a/.pnp.loader.mjs']) {
      assert.equal(nodeOptions(`${yarns} --no-warnings`, program, { file }), `${yarns} --require "/our/probe.js" --no-warnings`);
    }
  });

  it('allows only what is needed, and only under restrictions', () => {
    assert.doesNotMatch(nodeOptions('', program, { file, folder: '/tmp/x' }), /--allow/);
    const restricted = nodeOptions('', ['node', '--permission', 'app.js'], { file, folder: '/tmp/x' });
    assert.match(restricted, /--allow-fs-read="\S+" --allow-fs-read="\/tmp\/x" --allow-fs-write="\/tmp\/x"$/);
  });
});
