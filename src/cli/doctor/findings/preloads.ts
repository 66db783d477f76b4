// Knows: which of the files that Node.js should preload is missing.
// Must not know: how the program ended.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { preloadsOf } from '../../../preload/command-line';
import { PACKAGE_NAME } from '../../../version';
import { correcting } from '../advice';
import type { Evidence } from '../evidence';
import type { Remedy } from '../finding';
import { nearest } from './nearest';

const ENTRIES = [
  `${PACKAGE_NAME}/register`,
  `${PACKAGE_NAME}/hook`,
  '@opentelemetry/auto-instrumentations-node/register',
];

/** Returns the first missing file, and what to do about it. */
export function wrongPreload(evidence: Evidence): { readonly name: string; readonly remedy: Remedy } | undefined {
  const { cwd, program } = evidence;
  if (cwd === undefined) return undefined;
  const name = preloadsOf(program.slice(1), process.env.NODE_OPTIONS).find((candidate) => isMissing(candidate, cwd));
  if (name === undefined) return undefined;
  const right = nearest(name, ENTRIES);
  if (right === name) return { name, remedy: { change: `npm install ${right.replace(/\/[a-z]+$/, '')}` } };
  const change = right && correcting(name, right, evidence);
  return {
    name,
    remedy:
      change === undefined ? { advice: `it should be ${right ?? 'the path of a file that is there'}` } : { change },
  };
}

/** A file that a package exports only for `import` is there, although `require` does not find it. */
function isMissing(name: string, cwd: string): boolean {
  try {
    createRequire(join(cwd, 'any')).resolve(name.startsWith('file:') ? fileURLToPath(name) : name);
    return false;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return (
      code === 'MODULE_NOT_FOUND' || (code === 'ERR_PACKAGE_PATH_NOT_EXPORTED' && name.startsWith(`${PACKAGE_NAME}/`))
    );
  }
}
