// Knows: how a line is written that changes the start of a program.
// Must not know: why it should be changed.
import { createRequire } from 'node:module';
import { basename, join, relative } from 'node:path';
import { PACKAGE_NAME } from '../../version';
import { type Evidence, hasSdk } from './evidence';

/** `npm run dev`. */
const WORDS_SHOWN = 2;

/** How the program should be started: with `register`, or with `hook` where somebody else has an SDK. */
export function preloading(evidence: Evidence): string {
  const isOurSdk = evidence.instrumentation?.entries.includes('register') === true;
  const flag = `--import ${PACKAGE_NAME}/${hasSdk(evidence) && !isOurSdk ? 'hook' : 'register'}`;
  const [name, ...words] = commandOf(evidence);
  return name === 'node' ? [name, flag, ...words].join(' ') : `NODE_OPTIONS="${flag}" ${[name, ...words].join(' ')}`;
}

export function withVariable(name: string, value: string, evidence: Evidence): string {
  return [`${name}=${value}`, ...commandOf(evidence)].join(' ');
}

/** What the user typed, without what can be a secret: of Node.js the script alone, of others the first words. */
function commandOf({ program: [file, ...args], script, cwd }: Evidence): string[] {
  const name = basename(file).replace(/\.exe$/i, '');
  if (name === 'node') return [name, script === undefined ? '…' : relative(cwd, script)];
  return [name, ...args.slice(0, WORDS_SHOWN).filter((arg) => /^\w[\w:./-]*$/.test(arg))];
}

/** Whether a program in this folder finds a package. */
export function isInstalled(name: string, folder: string): boolean {
  try {
    createRequire(join(folder, 'any')).resolve(name);
    return true;
  } catch {
    return false;
  }
}
