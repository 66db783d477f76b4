// Knows: how a program is watched: where its files go, for how long, and which of them matter.
// Must not know: what is found.
import { mkdtempSync, rmSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { STATUS_ENDING, STATUS_VARIABLE, type Status } from '../../status/shape';
import { type Program, UsageError } from '../command';
import { preloads } from '../preloads';
import { type Ended, SIGNALS, type Started, start } from '../program';
import { reachAll } from './endpoint';
import { CLIENT_PACKAGES, type Evidence, mostTelling, statusFor } from './evidence';
import { PACKAGES_VARIABLE, PROBE_ENDING, type Snapshot } from './snapshot';

const POLL_MS = 100;

/** The time after the first command, for its reply and its span. */
const ANSWER_MS = 2_000;

/** The time after the first span, for further events. */
const SETTLE_MS = 400;

/** undefined: the program did not report. */
export async function visit(program: Program, seconds: number): Promise<Evidence | undefined> {
  const folder = temporaryFolder();
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  let started: Started | undefined;
  const forget = onSecondSignal(() => {
    started?.kill();
    remove();
  });
  try {
    started = await start(program, {
      file: preloads.probe(),
      folder,
      env: {
        [STATUS_VARIABLE]: folder,
        [PACKAGES_VARIABLE]: CLIENT_PACKAGES.join(','),
        // If a level is given, the SDK sets a logger that shows the messages of the instrumentation.
        OTEL_LOG_LEVEL: process.env.OTEL_LOG_LEVEL ?? 'warn',
      },
    });
    const ending = await answerOf(started, folder, seconds);
    await started.stop();
    const snapshot = mostTelling(await written<Snapshot>(folder, PROBE_ENDING));
    if (snapshot === undefined) return undefined;
    const own = statusFor(snapshot, await written<Status>(folder, STATUS_ENDING));
    const reaches = await reachAll(own?.provider?.exporters ?? [], snapshot.environment);
    return { ...snapshot, own, program, ending, waitedSeconds: seconds, reaches };
  } finally {
    forget();
    remove();
  }
}

/** The temporary folder of the system; the program's folder if that does not exist. */
function temporaryFolder(): string {
  for (const parent of [tmpdir(), '/tmp', '.']) {
    try {
      return mkdtempSync(join(parent, 'redis-doctor-'));
    } catch {
      // Try the next folder.
    }
  }
  throw new UsageError(`no file can be written in ${tmpdir()}; set TMPDIR to a folder where one can`);
}

/** The first signal ends the program, and the doctor reports. A second signal ends the doctor. */
function onSecondSignal(clean: () => void): () => void {
  let count = 0;
  const listener = (signal: NodeJS.Signals): void => {
    count += 1;
    if (count < 2) return;
    clean();
    process.exit(128 + constants.signals[signal]);
  };
  for (const signal of SIGNALS) process.on(signal, listener);
  return () => {
    for (const signal of SIGNALS) process.off(signal, listener);
  };
}

/** Waits until the program ends, or sends its first command and what follows, or the time is over. */
async function answerOf(started: Started, folder: string, seconds: number): Promise<Ended | undefined> {
  let ending: Ended | undefined;
  void started.ended.then((end) => {
    ending = end;
  });
  let deadline = Date.now() + seconds * 1_000;
  let stage: 'nothing' | 'commands' | 'spans' = 'nothing';
  for (; ending === undefined && Date.now() < deadline; await sleep(POLL_MS)) {
    if (
      stage === 'nothing' &&
      (await written<Snapshot>(folder, PROBE_ENDING)).some(({ commands }) => commands.length > 0)
    ) {
      stage = 'commands';
      deadline = Date.now() + ANSWER_MS;
    }
    if (stage === 'commands' && (await written<Status>(folder, STATUS_ENDING)).some(isRecording)) {
      stage = 'spans';
      deadline = Date.now() + SETTLE_MS;
    }
  }
  return ending;
}

function isRecording({ spans, commands }: Status): boolean {
  return spans.made + spans.dropped + commands.measured > 0;
}

async function written<T>(folder: string, ending: string): Promise<T[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(ending));
  return Promise.all(files.map(async (file) => JSON.parse(await readFile(join(folder, file), 'utf8')) as T));
}
