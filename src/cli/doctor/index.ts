// Knows: the order of a visit: run the program, read what the probe saw, say what it means.
// Must not know: how the probe sees it, what can be found.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT, type Options, type Program, type SubCommand, UsageError } from '../command';
import { type Ended, type Started, start } from '../program';
import { reachAll } from './endpoint';
import { CLIENT_PACKAGES, type Evidence, mostTelling } from './evidence';
import { findIn, NOT_NODE } from './findings';
import { findingLines, reportOf } from './report';
import { FOLDER_VARIABLE, PACKAGES_VARIABLE, type Snapshot } from './snapshot';

const DEFAULT_SECONDS = 15;
const POLL_MS = 100;

/** After the first command: its reply, its span, and the probe's next look. */
const SETTLE_MS = 1_500;

export const doctor: SubCommand = {
  summary: 'runs a program briefly, and says whether its Redis commands are traced, or why not',
  options: {
    seconds: { type: 'string', summary: `how long to wait for its first command (${DEFAULT_SECONDS})` },
  },
  run: async (program, options) => {
    const evidence = await examine(program, secondsOf(options));
    const found = evidence === undefined ? [NOT_NODE] : findIn(evidence);
    console.log(evidence === undefined ? findingLines(found).join('\n') : reportOf(evidence, found));
    return found.some(({ kind }) => kind === 'problem') ? EXIT.unhealthy : EXIT.healthy;
  },
};

function secondsOf({ seconds }: Options): number {
  const value = seconds === undefined ? DEFAULT_SECONDS : Number(seconds);
  if (!(value > 0)) throw new UsageError('--seconds takes a number above 0');
  return value;
}

async function examine(program: Program, seconds: number): Promise<Evidence | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'redis-doctor-'));
  try {
    const started = await start(program, require.resolve('./probe'), {
      [FOLDER_VARIABLE]: folder,
      [PACKAGES_VARIABLE]: CLIENT_PACKAGES.join(','),
      // With a level given, the SDK sets a logger, and what the instrumentation says is heard.
      OTEL_LOG_LEVEL: process.env.OTEL_LOG_LEVEL ?? 'warn',
    });
    const ending = await answerOf(started, folder, seconds);
    await started.stop();
    const snapshot = mostTelling(await snapshotsIn(folder));
    if (snapshot === undefined) return undefined;
    const reaches = await reachAll(snapshot.sdk?.exporters ?? [], snapshot.environment);
    return { ...snapshot, program, ending, waitedSeconds: seconds, reaches };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Waits for the program's end, for its first command and what follows it, or for as long as it may take. */
async function answerOf(started: Started, folder: string, seconds: number): Promise<Ended | undefined> {
  let ending: Ended | undefined;
  void started.ended.then((end) => {
    ending = end;
  });
  let deadline = Date.now() + seconds * 1_000;
  for (let isSettling = false; ending === undefined && Date.now() < deadline; await sleep(POLL_MS)) {
    if (isSettling || !(await snapshotsIn(folder)).some(({ commands }) => commands.length > 0)) continue;
    isSettling = true;
    deadline = Date.now() + SETTLE_MS;
  }
  return ending;
}

async function snapshotsIn(folder: string): Promise<Snapshot[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json'));
  return Promise.all(files.map(async (file) => JSON.parse(await readFile(join(folder, file), 'utf8')) as Snapshot));
}
