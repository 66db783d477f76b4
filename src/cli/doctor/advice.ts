// Knows: how a line is written that changes the start of a program.
// Must not know: why it should be changed.
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { PACKAGE_NAME } from '../../version';
import type { Program } from '../command';
import { type Evidence, hasSdk } from './evidence';

/** How the program should be started: with `register`, or with `hook` where an SDK is. */
export function preloading(evidence: Evidence): string {
  const flag = `--import ${PACKAGE_NAME}/${hasSdk(evidence) ? 'hook' : 'register'}`;
  return withFlag(flag, evidence.program);
}

/** The arguments of a program can be secrets: only its first file is repeated. */
function withFlag(flag: string, [file, ...args]: Program): string {
  const name = basename(file).replace(/\.exe$/i, '');
  if (name !== 'node') return `NODE_OPTIONS="${flag}" ${[name, ...scriptIn(args)].join(' ')}`;
  return ['node', flag, ...scriptIn(args)].join(' ');
}

function scriptIn(args: readonly string[]): string[] {
  const script = args.find((arg) => !arg.startsWith('-') && /\.[cm]?[jt]sx?$/.test(arg)) ?? args.find((arg) => /^[\w:-]+$/.test(arg));
  return script === undefined ? ['…'] : [script];
}

export function withVariable(name: string, value: string, { program: [file, ...args] }: Evidence): string {
  return [`${name}=${value}`, basename(file), ...scriptIn(args)].join(' ');
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
