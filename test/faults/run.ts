// Knows: how a fault is inflicted on an application without us and on one with us, and that it must not notice.
// Must not know: any single fault.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type Mode, type Run, runScript } from '../support/control';
import { startDirector } from './director';
import { type Fault, TELEMETRY_SDK, type Version } from './matrix';
import { assertTruth, comparable } from './truths';

const APPLICATION = join(__dirname, 'app/main.cjs');

/** So often two runs may differ by the order of two packets; what differs because of us differs every time. */
const TRIES = 3;

export interface Dose {
  /** Factor for how much is done. */
  readonly size: number;
  readonly seed: number;
}

/** What was verified. */
export interface Verdict {
  readonly calls: number;
  readonly rejected: number;
  readonly spans: number;
}

export async function withstand(fault: Fault, version: Version, dose: Dose): Promise<Verdict> {
  for (let tries = 1; ; tries++) {
    const [control, traced] = await Promise.all([controlOf(fault, version, dose), runOnce(fault, version, 'traced', dose)]);
    try {
      return compare(fault, control, traced);
    } catch (error) {
      if (tries === TRIES) throw error;
      controls.clear();
    }
  }
}

/** Without us there is no telemetry that could be faulty: one control serves all faults of it. */
const controls = new Map<string, Promise<Run>>();

function controlOf(fault: Fault, version: Version, dose: Dose): Promise<Run> {
  if (fault.telemetry === undefined) return runOnce(fault, version, 'control', dose);
  const key = `${fault.scenario} ${version}`;
  const control = controls.get(key) ?? runOnce(fault, version, 'control', dose);
  controls.set(key, control);
  return control;
}

function compare(fault: Fault, control: Run, traced: Run): Verdict {
  for (const { output, signal, stderr } of [control, traced])
    assert.notEqual(output, undefined, `the application printed nothing (${signal})\n${stderr}`);
  assert.deepEqual(comparable(traced, fault), comparable(control, fault));
  assertTruth(traced, fault.spans);
  assertDiagnostics(traced.diagnostics, fault.diagnostics ?? []);
  const { calls } = control.output as { calls: { outcome: { error?: unknown } }[] };
  return { calls: calls.length, rejected: calls.filter(({ outcome }) => outcome.error !== undefined).length, spans: traced.spans.length };
}

/** Ours, each once. The SDK says what it likes. */
function assertDiagnostics(lines: readonly string[], expected: readonly RegExp[]): void {
  const ours = lines.filter((line) => line.startsWith(PACKAGE)).map((line) => line.slice(PACKAGE.length));
  assert.equal(ours.length, expected.length, ours.join('\n'));
  for (const pattern of expected) assert.equal(ours.filter((line) => pattern.test(line)).length, 1, `${pattern} in\n${ours.join('\n')}`);
}

const PACKAGE = 'opentelemetry-instrumentation-redis ';

async function runOnce(fault: Fault, version: Version, mode: Mode, { size, seed }: Dose): Promise<Run> {
  const stage = await fault.stage(size, seed, version);
  const director = await startDirector(stage.faults);
  const args = [version, fault.scenario, String(director.port), JSON.stringify(stage.told)];
  const sdk = fault.telemetry === undefined ? {} : { sdk: TELEMETRY_SDK };
  try {
    const run = await runScript(APPLICATION, mode, { args, ...sdk, env: { ...stage.env, TELEMETRY_FAULT: fault.telemetry ?? '' } });
    if (mode === 'traced') stage.verify?.();
    return run;
  } finally {
    await director.stop();
    await stage.stop();
  }
}
