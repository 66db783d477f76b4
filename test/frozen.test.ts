// Knows: that the conformance suite passes where a program has frozen what the language shares.
// Must not know: what the suite compares.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const LIMIT_MS = 300_000;
const MOCHA = join(__dirname, '..', 'node_modules', 'mocha', 'bin', 'mocha.js');
const FREEZE = join(__dirname, 'support', 'frozen-intrinsics.cjs');

describe('frozen intrinsics', function () {
  this.timeout(LIMIT_MS);

  it('pass the whole conformance table: we assign only to our own objects', async () => {
    const args = [MOCHA, '--require', FREEZE, join(__dirname, 'conformance.test.ts')];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: join(__dirname, '..'), maxBuffer: 1 << 26 });
    assert.match(stdout, /comparisons with a control, all equal/);
  });
});
