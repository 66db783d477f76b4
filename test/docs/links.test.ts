import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { pages, ROOT } from './markdown';

describe('the links of the documentation', () => {
  const all = pages();

  /** undefined: it leads somewhere, or out of the project. */
  function faultOf(from: string, link: string): string | undefined {
    if (/^[a-z]+:/.test(link)) return undefined;
    const [target = '', anchor] = link.split('#');
    const path = target === '' ? from : posix.join(posix.dirname(from), target);
    if (!existsSync(join(ROOT, path))) return `${from}: ${link} is not there`;
    const page = all.find((candidate) => candidate.path === path);
    return anchor === undefined || page?.anchors.includes(anchor) ? undefined : `${from}: ${link} has no such heading`;
  }

  it('lead to existing files and headings', () => {
    assert.ok(all.flatMap(({ links }) => links).length > 0);
    assert.deepEqual(
      all.flatMap(({ path, links }) => links.flatMap((link) => faultOf(path, link) ?? [])),
      [],
    );
  });
});
