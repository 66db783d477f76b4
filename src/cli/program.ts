// Knows: how the user's program is started with one more file preloaded, and how it is ended.
// Must not know: what the file does there.
import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Program, UsageError } from './command';

/** How long a program has to end by itself before it is killed. */
const GRACE_MS = 3_000;

/** Windows has no process groups; there the program itself is ended, not what it has started. */
const HAS_GROUPS = process.platform !== 'win32';

const POLL_MS = 50;

/** The last one when a terminal is closed: a group of its own would not hear of it. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** How a program ended: by itself, with a code, or by a signal. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Started {
  /** Resolves when the program has ended. */
  readonly ended: Promise<Ended>;
  /** Ends it, and what it has started, if it runs. */
  stop(): Promise<void>;
  /** The same, at once. */
  kill(): void;
}

/** What is preloaded, and what it needs there. */
export interface Preload {
  /** Comes before whatever the user preloads, by NODE_OPTIONS, so that it reaches what `npm start` or `tsx` start. */
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
  /** Where it writes, for a program that Node.js lets at nothing else. */
  readonly folder?: string;
}

/** Starts the program as the user does. Its output goes to stderr: stdout is the sub-command's. */
export function start(program: Program, preload: Preload): Promise<Started> {
  const [file, ...args] = program;
  const child = spawn(file, args, {
    // A group of its own has no terminal to read from.
    stdio: [HAS_GROUPS ? 'ignore' : 'inherit', 2, 2],
    env: { ...process.env, ...preload.env, NODE_OPTIONS: nodeOptions(process.env.NODE_OPTIONS ?? '', program, preload) },
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
    child.once('spawn', () => resolve({ ended, stop: () => stop(child, ended), kill: () => void signal(child, 'SIGKILL') }));
  });
}

/** What it has started can need longer than itself: a shell does not wait. */
async function stop(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  signal(child, 'SIGTERM');
  for (const deadline = Date.now() + GRACE_MS; Date.now() < deadline; await sleep(POLL_MS)) {
    if (!signal(child, 0)) return;
  }
  signal(child, 'SIGKILL');
  await ended;
}

/** False: nobody is left. */
function signal(child: ChildProcess, name: NodeJS.Signals | 0): boolean {
  try {
    return HAS_GROUPS && child.pid !== undefined ? process.kill(-child.pid, name) : child.kill(name);
  } catch {
    return false;
  }
}

/** Yarn's own preload, which teaches Node.js where packages are: nothing is found before it. */
const PLUG_AND_PLAY = /--(?:require|experimental-loader)[ =](?:"[^"]*\.pnp\.\S+"|\S*\.pnp\.\S+)/g;

const ROOT = resolve(__dirname, '../..');

/** The user's own NODE_OPTIONS, with the preload in its place. */
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

/** Node.js refuses what is allowed, where nothing is forbidden. */
function isRestricted(users: string, [, ...args]: Program): boolean {
  return [...users.split(/\s+/), ...args].some((flag) => /^--(experimental-)?permission$/.test(flag));
}

/** NODE_OPTIONS is split at spaces, but for what is quoted. */
function quoted(path: string): string {
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
