// Knows: the order of a view: open the page, run the program, report or stay.
// Must not know: what is shown.
import { constants } from 'node:os';
import { PACKAGE_NAME } from '../version';
import { type Budget, environmentFor, openView, overviewFrom, printReport, readBudgets, type View } from '../view';
import { EXIT, type Options, type Program, type SubCommand, UsageError } from './command';
import { preloads } from './preloads';
import { type Ended, SIGNALS, start } from './program';

/** The number of spans shown of a run without steps. */
const REPORTED_SPANS = 60;

/** Options that need a program; they make no sense for a page that waits for programs from elsewhere. */
const OF_A_PROGRAM = ['headless', 'json', 'fail-on', 'hook'] as const;

export const view: SubCommand = {
  summary: 'shows traces, hit ratios and latencies of a program on a local page, live',
  options: {
    headless: { type: 'boolean', summary: 'no page: prints a waterfall and a summary when the program has ended' },
    json: { type: 'boolean', summary: 'no page: prints the summary as JSON when the program has ended' },
    'fail-on': {
      type: 'string',
      summary: 'no page: budgets, as "hit-ratio<0.8,errors>0"; exit code 1 if one is broken',
    },
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
    const needless = OF_A_PROGRAM.find((name) => options[name] !== undefined);
    if (needless !== undefined)
      throw new UsageError(`--${needless} needs a program. It goes after --, for example -- node app.js`);
    const opened = await open(options);
    const ended = signalled();
    say(`page: ${opened.url}`);
    say(`Start a program elsewhere with: ${process.platform === 'win32' ? opened.lines.windows : opened.lines.posix}`);
    await ended;
    await opened.stop();
    return 0;
  },
};

async function open({ port = '0' }: Options): Promise<View> {
  const number = Number(port);
  if (!Number.isInteger(number) || number < 0 || number > 65_535)
    throw new UsageError('--port takes a number from 0 to 65535');
  try {
    return await openView(number);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new UsageError(`port ${number} is taken; without --port a free one is used`);
  }
}

async function show(opened: View, program: Program, options: Options): Promise<number> {
  const budgets = budgetsIn(options);
  const isHeadless = options.headless === true || options.json === true || budgets.length > 0;
  const file = options.hook === true ? preloads.hook() : preloads.view();
  if (!isHeadless) say(`page: ${opened.url}`);
  let interrupted = false;
  void signalled().then(() => {
    interrupted = true;
  });
  const started = await start(program, { file, env: environmentFor(opened.url) });
  const code = exitCode(await started.ended);
  // Its children may need longer, and have telemetry to send.
  if (interrupted) await started.stop();
  if (isHeadless) return report(opened, program, options, budgets) || code;
  if (process.stdout.isTTY && !interrupted) {
    say(`${program[0]} ended with code ${code}. The page stays until Ctrl-C.`);
    await signalled();
  }
  return code;
}

/** Prints the result of the run. The exit code shows whether a budget was broken. */
function report(opened: View, program: Program, { json, hook }: Options, budgets: readonly Budget[]): number {
  const overview = overviewFrom(opened);
  const checked = budgets.map((check) => check(overview));
  if (json === true) {
    const { traces: _, ...summary } = overview;
    process.stdout.write(`${JSON.stringify({ ...summary, budgets: checked })}\n`);
  } else {
    const step = { title: program.join(' '), startMs: Number.NEGATIVE_INFINITY, about: '' };
    printReport(opened, [step], process.stdout, REPORTED_SPANS);
  }
  const isSilent = opened.telemetry.received.lastMs === 0;
  if (isSilent) say(`Nothing was sent here. To see why: npx ${PACKAGE_NAME} doctor -- …`);
  if (isSilent && hook === true) say('A program that calls process.exit() has to call shutdown() of its SDK first.');
  const broken = checked.filter((budget) => budget.broken);
  for (const { budget, measured } of broken) say(`budget broken: ${budget} (measured ${Number(measured?.toFixed(3))})`);
  // A budget without a measurement was not kept.
  return broken.length > 0 || (isSilent && budgets.length > 0) ? EXIT.unhealthy : EXIT.healthy;
}

function budgetsIn({ 'fail-on': text }: Options): Budget[] {
  try {
    return typeof text === 'string' ? readBudgets(text) : [];
  } catch (error) {
    throw new UsageError(`--fail-on: ${(error as Error).message}`);
  }
}

/** The exit code that a shell would use. */
function exitCode({ code, signal }: Ended): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

function signalled(): Promise<unknown> {
  return new Promise((resolve) => {
    for (const name of SIGNALS) process.once(name, resolve);
  });
}

/** Not on stdout: a report may be piped. */
function say(text: string): void {
  console.error(text);
}
