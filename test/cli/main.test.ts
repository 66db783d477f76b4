import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { PACKAGE_VERSION } from '../../src/version';

const MAIN = resolve(__dirname, '../../build/cli/main.js');

function cli(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('the command line', () => {
  it('prints its version and its commands', () => {
    assert.deepEqual(cli('--version'), { status: 0, stdout: `${PACKAGE_VERSION}\n`, stderr: '' });
    const { status, stdout } = cli();
    assert.equal(status, 0);
    assert.match(stdout, /^ {2}doctor +\S/m);
    for (const args of [['--help'], ['-h'], ['help'], ['doctor', '--help'], ['view', '-h']]) assert.deepEqual(cli(...args), cli());
  });

  it('leaves --help to the program that it is given', () => {
    const { status, stdout, stderr } = cli('view', '--headless', '--', process.execPath, '--help');
    assert.equal(status, 0);
    assert.match(stderr, /^Usage: node /m);
    assert.doesNotMatch(stdout, /<program>/);
  });

  it('has the exit code of the program even if its output is not read', () => {
    const line = `{ "${process.execPath}" "${MAIN}" view --headless --hook -- "${process.execPath}" --eval 'process.exit(3)'; echo "code $?" >&2; } | true`;
    const { stderr } = spawnSync('sh', ['-c', line], { encoding: 'utf8' });
    assert.match(stderr, /^code 3$/m);
    assert.doesNotMatch(stderr, /EPIPE/);
  });

  const wrong: readonly [args: string[], message: RegExp][] = [
    [['heal', '--', 'node', 'app.js'], /^there is no command "heal"$/m],
    [['doctor'], /^which program\?/m],
    [['doctor', '--'], /^which program\?/m],
    [['doctor', '--nope', '--', 'node', 'app.js'], /^Unknown option '--nope'/m],
    [['view', '--headless'], /^--headless needs a program/m],
    [['view', '--hook'], /^--hook needs a program/m],
    [['doctor', '--', 'no-such-program-at-all'], /^no-such-program-at-all cannot be started: /m],
  ];
  for (const [args, message] of wrong) {
    it(`explains itself when called with ${args.join(' ')}`, () => {
      const { status, stdout, stderr } = cli(...args);
      assert.deepEqual({ status, stdout }, { status: 2, stdout: '' });
      assert.match(stderr, message);
      assert.match(stderr, /<program>/);
    });
  }
});
