// Knows: how a script runs without us and with us, each time in a process of its own, and that it must not notice.
// Must not know: any redis version, or what the script does.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Attributes, SpanKind, SpanStatus } from '@opentelemetry/api';
import { ourBundle } from './ours';

/**
 * `control`: plain node. `traced`: our instrumentation and an SDK. `idle`: our instrumentation, and no SDK is registered.
 */
export type Mode = 'control' | 'traced' | 'idle';

export interface ScriptOptions {
  readonly args?: readonly string[];
  /** In addition to the environment of the tests. */
  readonly env?: NodeJS.ProcessEnv;
  /** Options of node itself. */
  readonly nodeArgs?: readonly string[];
  /** How our instrumentation gets in. Default `--require`. */
  readonly preload?: '--require' | '--import';
  readonly cwd?: string;
  /**
   * A module that starts the SDK of `traced` in place of a plain one: a function that is given the span processors of the
   * report, and returns the options of our instrumentation, or undefined where it made that itself.
   */
  readonly sdk?: string;
  /** How long the script may take. Default a minute. */
  readonly timeoutMs?: number;
}

export interface ExportedSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Attributes;
  readonly status: SpanStatus;
  readonly startTimeMs: number;
  readonly durationMs: number;
}

/** What one run of a script showed. */
export interface Run {
  /** The JSON it printed; undefined if it printed nothing. */
  readonly output: unknown;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
  /** Only `traced` has any. */
  readonly spans: readonly ExportedSpan[];
  /** Spans that were started and not ended. */
  readonly openSpans: number;
  /** Warnings and errors that we wrote through diag. */
  readonly diagnostics: readonly string[];
}

const PRELOAD = join(__dirname, 'control-preload.cjs');
const TIMEOUT_MS = 60_000;
const MAX_OUTPUT = 64 * 1024 * 1024;

/** On a busy machine any command may be, and its span then has more attributes. */
const NOTHING_IS_SLOW = { OTEL_INSTRUMENTATION_REDIS_SLOW_MS: 'false' };

/** Runs a CommonJS or ES module file that prints one JSON document and ends by itself. */
export async function runScript(script: string, mode: Mode, options: ScriptOptions = {}): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), 'control-'));
  const report = join(folder, 'report.json');
  const { args = [], env, nodeArgs = [], preload = '--require', cwd, sdk = '', timeoutMs = TIMEOUT_MS } = options;
  const command = [...(mode === 'control' ? [] : [preload, PRELOAD]), ...nodeArgs, script, ...args];
  const own = { CONTROL_MODE: mode, CONTROL_REPORT: report, CONTROL_SDK: sdk, CONTROL_OURS: ourBundle() };
  const environment = { ...process.env, NODE_OPTIONS: '', ...env, ...NOTHING_IS_SLOW, ...own };
  try {
    const ended = await execute(command, environment, cwd, timeoutMs);
    return { ...ended, ...(mode === 'control' ? NOTHING : await readReport(report, ended.stderr)) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Runs a script without us, with us, and with us but no SDK, one after the other, and asserts that it printed the same
 * and ended the same way. Returns the traced run.
 */
export async function assertUnnoticed(script: string, options?: ScriptOptions): Promise<Run> {
  const control = await runScript(script, 'control', options);
  assert.notEqual(control.output, undefined, `the script printed nothing\n${control.stderr}`);
  const traced = await runScript(script, 'traced', options);
  const idle = await runScript(script, 'idle', options);
  for (const run of [traced, idle]) {
    assert.deepEqual(visible(run), visible(control), 'the script sees a difference');
    assert.deepEqual(run.diagnostics, []);
  }
  assert.deepEqual(idle.spans, []);
  return traced;
}

type Report = Pick<Run, 'spans' | 'openSpans' | 'diagnostics'>;

const NOTHING: Report = { spans: [], openSpans: 0, diagnostics: [] };

async function readReport(file: string, stderr: string): Promise<Report> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new Error(`the instrumentation could not be loaded\n${stderr}`, { cause });
  }
}

function visible({ output, exitCode, signal }: Run): Pick<Run, 'output' | 'exitCode' | 'signal'> {
  return { output, exitCode, signal };
}

function execute(
  command: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd: string | undefined,
  timeout: number,
): Promise<Omit<Run, keyof Report>> {
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, command, { env, cwd, timeout, maxBuffer: MAX_OUTPUT }, (_error, stdout, stderr) => {
      try {
        const output: unknown = stdout.trim() === '' ? undefined : JSON.parse(stdout);
        resolve({ output, exitCode: child.exitCode, signal: child.signalCode, stderr });
      } catch (cause) {
        reject(new Error(`the script printed no JSON: ${stdout.slice(0, 2_000)}\n${stderr}`, { cause }));
      }
    });
  });
}
