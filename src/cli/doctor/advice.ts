// Knows: how to write a command line that changes the start of a program and keeps everything else.
// Must not know: why it should be changed.
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { PACKAGE_NAME } from '../../version';
import { type Evidence, hasSdk, variableOf } from './evidence';

/** For example `npm run dev`. */
const WORDS_SHOWN = 2;

/** Arguments after the script belong to the program and can be secrets. */
const PLAIN = /^[\w@:./=,+-]+$/;

/** Returns how the program should be started: with `register`, or with `hook` if something else starts an SDK. */
export function preloading(evidence: Evidence): string {
  const isOurSdk = evidence.instrumentation?.entries.includes('register') === true;
  const name = `${PACKAGE_NAME}/${hasSdk(evidence) && !isOurSdk ? 'hook' : 'register'}`;
  const flag = `--import ${name}`;
  const { program } = evidence;
  const other = `${PACKAGE_NAME}/${name.endsWith('hook') ? 'register' : 'hook'}`;
  const corrected =
    [...program, process.env.NODE_OPTIONS].some((word) => word?.includes(other)) && correcting(other, name, evidence);
  if (typeof corrected === 'string') return corrected;
  if (!isNode(program[0]) || !isWhole(program))
    return setting('NODE_OPTIONS', [flag, process.env.NODE_OPTIONS ?? ''].join(' ').trim(), evidence);
  const [file, ...args] = program;
  return [file, flag, ...args].join(' ');
}

/** Returns the command line with another value of a variable. */
export function setting(name: string, value: string, evidence: Evidence): string {
  const assignment = `${name}=${quoted(value)}`;
  // If the arguments cannot be shown, the variable is set for the whole shell.
  return isWhole(evidence.program) ? [assignment, ...evidence.program].join(' ') : `export ${assignment}`;
}

/** Returns the command line without a variable. */
export function unsetting(name: string, evidence: Evidence): string {
  return isWhole(evidence.program) ? ['env', '-u', name, ...evidence.program].join(' ') : `unset ${name}`;
}

/** Returns the advice to remove an option of ours, wherever it is set. */
export function withoutOption(
  evidence: Evidence,
  name: string,
): { readonly change?: string; readonly advice?: string } {
  if (evidence.own?.options[name] !== undefined) return { advice: `remove the option ${name}` };
  return { change: unsetting(variableOf(name), evidence) };
}

/** Returns the command line with one word replaced; undefined if it cannot be shown. */
export function correcting(wrong: string, right: string, evidence: Evidence): string | undefined {
  const { program } = evidence;
  if (process.env.NODE_OPTIONS?.includes(wrong))
    return setting('NODE_OPTIONS', process.env.NODE_OPTIONS.replace(wrong, right), evidence);
  return isWhole(program) ? program.map((word) => word.replace(wrong, right)).join(' ') : undefined;
}

/** Returns the doctor's command line with more time. */
export function longer(evidence: Evidence): string {
  const line = isWhole(evidence.program) ? evidence.program.join(' ') : '…';
  return `npx ${PACKAGE_NAME} doctor --seconds ${Math.max(60, evidence.waitedSeconds * 4)} -- ${line}`;
}

function isNode(file: string): boolean {
  return /^node(js)?(\.exe)?$/i.test(basename(file));
}

/** Whether everything that the user typed can be shown. */
function isWhole(program: Evidence['program']): boolean {
  const [file, ...args] = program;
  if (!isNode(file)) return args.length <= WORDS_SHOWN && args.every((word) => /^\w[\w:./-]*$/.test(word));
  const script = scriptAt(args);
  return script === args.length - 1 && args.every((word) => PLAIN.test(word));
}

/** The index of the first argument of Node.js that is neither a flag nor the value of one. */
function scriptAt(args: readonly string[]): number {
  return args.findIndex((word, at) => !word.startsWith('-') && !TAKES_VALUE.test(args[at - 1] ?? ''));
}

const TAKES_VALUE =
  /^(-r|-C|--(require|import|loader|experimental-loader|conditions|env-file|env-file-if-exists|title))$/;

function quoted(value: string): string {
  return PLAIN.test(value) ? value : `"${value.replaceAll(/["\\$`]/g, '\\$&')}"`;
}

/** Whether a program in this folder finds a package. */
export function isInstalled(name: string, folder: string | undefined): boolean {
  if (folder === undefined) return false;
  try {
    createRequire(join(folder, 'any')).resolve(name);
    return true;
  } catch {
    return false;
  }
}
