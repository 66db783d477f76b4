import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FINDINGS, LAST, NOT_NODE } from '../../src/cli/doctor/findings';
import { ROOT } from './markdown';

describe('the page on troubleshooting', () => {
  it('has a section for every finding of the doctor, and no other', () => {
    const page = readFileSync(join(ROOT, 'docs/troubleshooting.md'), 'utf8');
    const sections = [...page.matchAll(/^### (.+)$/gm)].map(([, title]) => title);
    assert.deepEqual(sections.sort(), [...FINDINGS, LAST, NOT_NODE].map(({ id }) => id).sort());
  });
});
