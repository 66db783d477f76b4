// Knows: everything a finding may look at, of the one process that matters, and the questions most of them ask.
// Must not know: what is a finding.
import { SEAMS } from '../../adapters/versions';
import type { SpanCounts, Status } from '../../status/shape';
import type { Program } from '../command';
import type { Ended } from '../program';
import type { Reach } from './endpoint';
import { packageOf } from './loaded';
import type { LoadedPackage, SeenCommands, Snapshot } from './snapshot';

/** What was seen of the program, and what was asked about it afterwards. */
export interface Evidence extends Snapshot {
  readonly program: Program;
  /** What the instrumentation says of itself; undefined: there is none. */
  readonly own: Status | undefined;
  /** How it ended by itself; undefined: it ran until the doctor ended it. */
  readonly ending: Ended | undefined;
  readonly waitedSeconds: number;
  /** Every exporter of spans that sends somewhere, and whether anybody is there. */
  readonly reaches: readonly Reach[];
}

/** Of all processes of a program the one with Redis in it: `npm start` is three of them. */
export function mostTelling(snapshots: readonly Snapshot[]): Snapshot | undefined {
  const rank = (snapshot: Snapshot): number => {
    if (snapshot.commands.length > 0) return 3;
    if (redisIn(snapshot).length > 0) return 2;
    return snapshot.instrumentation === undefined ? 0 : 1;
  };
  return [...snapshots].sort((first, second) => rank(second) - rank(first) || second.pid - first.pid)[0];
}

/** Of several instrumentations in a thread, as test runners have them, the one that was called most. */
export function statusFor({ pid, thread }: Snapshot, statuses: readonly Status[]): Status | undefined {
  return statuses
    .filter((status) => status.pid === pid && status.thread === thread)
    .sort((first, second) => calls(second) - calls(first))[0];
}

/** How often it was called, for whatever. */
function calls({ commands }: Status): number {
  return Object.values(commands.refused).reduce((sum, count) => sum + count, commands.traced + commands.measured);
}

const REDIS_MODULES: ReadonlySet<string> = new Set(SEAMS.map(({ module }) => module));

export const SENTRY = '@sentry/node';

/** Packages whose loading is of interest beside OpenTelemetry's. */
export const CLIENT_PACKAGES: readonly string[] = [...REDIS_MODULES, SENTRY];

export function redisIn({ packages }: Snapshot): LoadedPackage[] {
  return packages.filter(({ name }) => REDIS_MODULES.has(name));
}

/** `redis`: a client that we record, from its package. `other`: another client. `bundle`: the code of the program itself. */
export function commandsBy(kind: 'redis' | 'other' | 'bundle', { commands }: Snapshot): SeenCommands[] {
  return commands.filter(({ sender }) => {
    const name = packageOf(sender)?.name;
    if (name === undefined) return kind === 'bundle';
    return kind === (REDIS_MODULES.has(name) ? 'redis' : 'other');
  });
}

const NO_SPANS: SpanCounts = { made: 0, dropped: 0, names: [] };

export function spansOf({ own }: Evidence): SpanCounts {
  return own?.spans ?? NO_SPANS;
}

/** Commands are sent by a client of ours that Node.js has not loaded, and the instrumentation is not called. */
export function isOutOfReach(evidence: Evidence): boolean {
  if (commandsBy('redis', evidence).length === 0 || redisIn(evidence).length > 0) return false;
  return evidence.own === undefined || calls(evidence.own) === 0;
}

/** Commands that were measured. */
export function measuredIn({ own }: Evidence): number {
  return own?.commands.measured ?? 0;
}

/** How many calls had no span for this reason, where none had one. */
export function refusedIn({ own }: Evidence, reason: string): number {
  if (own === undefined || own.spans.made + own.spans.dropped > 0) return 0;
  return own.commands.refused[reason] ?? 0;
}

/** An option as it is, in words: code wins. */
export function optionOf({ own, environment }: Evidence, name: string): string | undefined {
  return own?.options[name] ?? environment[variableOf(name)];
}

/** Where the environment has an option. */
export function variableOf(option: string): string {
  return `OTEL_INSTRUMENTATION_REDIS_${option.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** Somebody starts an SDK, or has it at hand: ours must not start a second. */
export function hasSdk({ own, api, packages }: Evidence): boolean {
  if (own?.provider !== undefined || api.registered.includes('trace')) return true;
  return packages.some(({ name }) => name === SENTRY || /\/(sdk-node|sdk-trace-node|auto-instrumentations-node)$/.test(name));
}

export function packageNamed(name: string, { packages }: Snapshot): LoadedPackage | undefined {
  return packages.find((candidate) => candidate.name === name);
}

/** What the environment says, as the SDK reads it; undefined: nothing. */
export function variable({ environment }: Snapshot, name: string): string | undefined {
  const value = environment[name]?.trim();
  return value === '' ? undefined : value;
}

/** The file that configures the SDK in place of the environment. */
export function configFile(snapshot: Snapshot): string | undefined {
  return variable(snapshot, 'OTEL_CONFIG_FILE');
}

/** By the environment, and no SDK in code that says otherwise. */
export function exportsNone(evidence: Evidence): boolean {
  if (configFile(evidence) !== undefined) return false;
  return variable(evidence, 'OTEL_TRACES_EXPORTER') === 'none' && (evidence.own?.provider?.exporters.length ?? 0) === 0;
}

export function isSdkDisabled(snapshot: Snapshot): boolean {
  return variable(snapshot, 'OTEL_SDK_DISABLED')?.toLowerCase() === 'true';
}

export function isSwitchedOff(evidence: Evidence): boolean {
  return ['false', '0'].includes(variable(evidence, variableOf('enabled'))?.toLowerCase() ?? '');
}
