// Knows: which files Node.js was told to preload, and which of them is missing.
// Must not know: how the program ended.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
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
  const { cwd } = evidence;
  if (cwd === undefined) return undefined;
  const name = preloadsOf(evidence).find((candidate) => isMissing(candidate, cwd));
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

function preloadsOf({ program: [, ...args] }: Evidence): string[] {
  const flags = [process.env.NODE_OPTIONS ?? '', ...args].join(' ');
  return [...flags.matchAll(/(?:^| )(?:--require|-r|--import)[ =]"?([^\s"]+)/g)].map(([, name = '']) => name);
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
