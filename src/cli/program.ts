// Knows: how the user's program is started with one more preloaded file, and how it is ended.
// Must not know: what that file does.
import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Program, UsageError } from './command';

/** The time that a program has to end by itself before it is killed. */
const GRACE_MS = 3_000;

/** Windows has no process groups; there only the program itself is ended, not its children. */
const HAS_GROUPS = process.platform !== 'win32';

const POLL_MS = 50;

/** SIGHUP comes when a terminal is closed; a group of its own would not get it. */
export const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** How a program ended: with a code, or by a signal. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Started {
  /** Resolves when the program has ended. */
  readonly ended: Promise<Ended>;
  /** Ends the program and its children, if it runs. */
  stop(): Promise<void>;
  /** Kills the program and its children at once. */
  kill(): void;
}

/** A file to preload, and what it needs. */
export interface Preload {
  /**
   * NODE_OPTIONS preloads it before the user's own files, so that it also reaches programs started by `npm start` or
   * `tsx`.
   */
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
  /** The folder to which it writes, for a program that Node.js restricts. */
  readonly folder?: string;
}

/** Starts the program as the user would. Its output goes to stderr: stdout belongs to the sub-command. */
export function start(program: Program, preload: Preload): Promise<Started> {
  const [file, ...args] = program;
  const child = spawn(file, args, {
    // A process group of its own has no terminal to read from.
    stdio: [HAS_GROUPS ? 'ignore' : 'inherit', 2, 2],
    env: {
      ...process.env,
      ...preload.env,
      NODE_OPTIONS: nodeOptions(process.env.NODE_OPTIONS ?? '', program, preload),
    },
    detached: HAS_GROUPS,
  });
  const forward = (name: NodeJS.Signals) => void signal(child, name);
  for (const name of SIGNALS) process.on(name, forward);
  const ended = new Promise<Ended>((resolve) => {
    child.once('exit', (code, signal) => {
      for (const name of SIGNALS) process.off(name, forward);
      resolve({ code, signal });
    });
  });
  return new Promise((resolve, reject) => {
    child.once('error', ({ message }) => reject(new UsageError(`${file} cannot be started: ${message}`)));
    child.once('spawn', () =>
      resolve({ ended, stop: () => stop(child, ended), kill: () => void signal(child, 'SIGKILL') }),
    );
  });
}

/** Its children may need longer than the program: a shell does not wait. */
async function stop(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  signal(child, 'SIGTERM');
  for (const deadline = Date.now() + GRACE_MS; Date.now() < deadline; await sleep(POLL_MS)) {
    if (!signal(child, 0)) return;
  }
  signal(child, 'SIGKILL');
  await ended;
}

/** Returns false if no process is left. */
function signal(child: ChildProcess, name: NodeJS.Signals | 0): boolean {
  try {
    return HAS_GROUPS && child.pid !== undefined ? process.kill(-child.pid, name) : child.kill(name);
  } catch {
    return false;
  }
}

/** Yarn's own preload tells Node.js where packages are: nothing is found before it. */
const PLUG_AND_PLAY = /--(?:require|experimental-loader)[ =](?:"[^"]*\.pnp\.\S+"|\S*\.pnp\.\S+)/g;

const ROOT = resolve(__dirname, '../..');

/** The user's own NODE_OPTIONS, with our preload in the right place. */
export function nodeOptions(users: string, program: Program, { file, folder }: Omit<Preload, 'env'>): string {
  const plugAndPlay = users.match(PLUG_AND_PLAY) ?? [];
  const flags = [...plugAndPlay, `--require ${quoted(file)}`, users.replaceAll(PLUG_AND_PLAY, '')];
  if (isRestricted(users, program)) {
    flags.push(`--allow-fs-read=${quoted(ROOT)}`);
    if (folder !== undefined) flags.push(`--allow-fs-read=${quoted(folder)}`, `--allow-fs-write=${quoted(folder)}`);
  }
  return flags
    .map((flag) => flag.trim())
    .filter((flag) => flag !== '')
    .join(' ');
}

/** Whether permissions are restricted: Node.js refuses flags that allow something if nothing is forbidden. */
function isRestricted(users: string, [, ...args]: Program): boolean {
  return [...users.split(/\s+/), ...args].some((flag) => /^--(experimental-)?permission$/.test(flag));
}

/** NODE_OPTIONS is split at spaces, except within quotes. */
function quoted(path: string): string {
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
