// Knows: that the conformance suite passes where a program has frozen what the language shares.
// Must not know: what the suite compares.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const LIMIT_MS = 300_000;
const MOCHA = join(__dirname, '..', 'node_modules', 'mocha', 'bin', 'mocha.js');
const FREEZE = join(__dirname, 'support', 'frozen-intrinsics.cjs');
/** One version of each family of seams: an assignment to what is frozen fails in all that share its code. */
const SEAMS = '/redis 3.1|redis 4.7|redis 6.3|ioredis 4.28|ioredis 5.11|iovalkey/';

describe('frozen intrinsics', function () {
  this.timeout(LIMIT_MS);

  it('pass the conformance table of each family of seams: we assign only to our own objects', async () => {
    const args = [MOCHA, '--require', FREEZE, '--grep', SEAMS, join(__dirname, 'conformance.test.ts')];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: join(__dirname, '..'), maxBuffer: 1 << 26 });
    assert.match(stdout, /comparisons with a control, all equal/);
  });
});
