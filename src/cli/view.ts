// Knows: the order of a view: open the page, run the program, report or stay.
// Must not know: what is shown.
import { constants } from 'node:os';
import { PACKAGE_NAME } from '../version';
import { environmentFor, openView, printReport, type View } from '../view';
import { type Options, type Program, type SubCommand, UsageError } from './command';
import { type Ended, start } from './program';

/** Of a run without steps, the first spans are shown. */
const REPORTED_SPANS = 60;

/** Options that say nothing of a page that waits for programs from elsewhere. */
const OF_A_PROGRAM = ['headless', 'hook'] as const;

const ENDINGS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export const view: SubCommand = {
  summary: 'shows traces, hit ratios and latencies of a program on a local page, live',
  options: {
    headless: { type: 'boolean', summary: 'no page: prints a waterfall and a summary when the program has ended' },
    hook: { type: 'boolean', summary: 'the program starts an OpenTelemetry SDK itself' },
    port: { type: 'string', summary: 'of the page and the receiver; default: a free one' },
  },

  async run(program, options) {
    const opened = await open(options);
    try {
      return await show(opened, program, options);
    } finally {
      await opened.stop();
    }
  },

  async runAlone(options) {
    const needless = OF_A_PROGRAM.find((name) => options[name] === true);
    if (needless !== undefined) throw new UsageError(`--${needless} needs a program. It goes after --, for example -- node app.js`);
    const opened = await open(options);
    const ended = signalled();
    say(`page: ${opened.url}`);
    say(`Start a program elsewhere with: ${opened.line}`);
    await ended;
    await opened.stop();
    return 0;
  },
};

async function open({ port = '0' }: Options): Promise<View> {
  const number = Number(port);
  if (!Number.isInteger(number) || number < 0 || number > 65_535) throw new UsageError('--port takes a number from 0 to 65535');
  try {
    return await openView(number);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new UsageError(`port ${number} is taken; without --port a free one is used`);
  }
}

async function show(opened: View, program: Program, { headless, hook }: Options): Promise<number> {
  const preload = require.resolve(hook === true ? '../hook' : '../register');
  if (headless !== true) say(`page: ${opened.url}`);
  let interrupted = false;
  void signalled().then(() => {
    interrupted = true;
  });
  const started = await start(program, preload, environmentFor(opened.url));
  const code = exitCode(await started.ended);
  // What it has started may need longer than itself, and has things to send.
  if (interrupted) await started.stop();
  if (headless === true) {
    printReport(opened, [{ title: program.join(' '), startMs: Number.NEGATIVE_INFINITY, about: '' }], process.stdout, REPORTED_SPANS);
    if (opened.telemetry.received.lastMs === 0) say(`Nothing was sent here. To see why: npx ${PACKAGE_NAME} doctor -- …`);
  } else if (process.stdout.isTTY && !interrupted) {
    say(`${program[0]} ended with code ${code}. The page stays until Ctrl-C.`);
    await signalled();
  }
  return code;
}

/** What a shell makes of it. */
function exitCode({ code, signal }: Ended): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

function signalled(): Promise<unknown> {
  return new Promise((resolve) => {
    for (const name of ENDINGS) process.once(name, resolve);
  });
}

/** Not on stdout: a report may be piped. */
function say(text: string): void {
  console.error(text);
}
