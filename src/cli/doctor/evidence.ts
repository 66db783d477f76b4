// Knows: everything that a finding may read about the relevant process, and the questions that most findings ask.
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
  /** The status that the instrumentation wrote; undefined: there is none. */
  readonly own: Status | undefined;
  /** How the program ended by itself; undefined: the doctor ended it. */
  readonly ending: Ended | undefined;
  readonly waitedSeconds: number;
  /** Every exporter of spans that sends somewhere, with the answer at its address. */
  readonly reaches: readonly Reach[];
}

/** Picks the process that uses Redis: `npm start` alone starts three. */
export function mostTelling(snapshots: readonly Snapshot[]): Snapshot | undefined {
  const rank = (snapshot: Snapshot): number => {
    if (snapshot.commands.length > 0) return 3;
    if (redisIn(snapshot).length > 0) return 2;
    return snapshot.instrumentation === undefined ? 0 : 1;
  };
  return [...snapshots].sort((first, second) => rank(second) - rank(first) || second.pid - first.pid)[0];
}

/** Picks the instrumentation of a thread that was called most. Test runners have several. */
export function statusFor({ pid, thread }: Snapshot, statuses: readonly Status[]): Status | undefined {
  return statuses
    .filter((status) => status.pid === pid && status.thread === thread)
    .sort((first, second) => calls(second) - calls(first))[0];
}

/** The number of its calls of any kind. */
function calls({ commands }: Status): number {
  return Object.values(commands.refused).reduce((sum, count) => sum + count, commands.traced + commands.measured);
}

const REDIS_MODULES: ReadonlySet<string> = new Set(SEAMS.map(({ module }) => module));

export const SENTRY = '@sentry/node';

/** Packages whose loading matters, in addition to those of OpenTelemetry. */
export const CLIENT_PACKAGES: readonly string[] = [...REDIS_MODULES, SENTRY];

export function redisIn({ packages }: Snapshot): LoadedPackage[] {
  return packages.filter(({ name }) => REDIS_MODULES.has(name));
}

/** `redis`: a client that we record, in its own package. `other`: another client. `bundle`: the program's own code. */
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

/**
 * Whether commands are sent by a supported client that Node.js has not loaded, so that the instrumentation is not
 * called.
 */
export function isOutOfReach(evidence: Evidence): boolean {
  if (commandsBy('redis', evidence).length === 0 || redisIn(evidence).length > 0) return false;
  return evidence.own === undefined || calls(evidence.own) === 0;
}

/** The number of measured commands. */
export function measuredIn({ own }: Evidence): number {
  return own?.commands.measured ?? 0;
}

/** The number of calls without a span for this reason, if no call had one. */
export function refusedIn({ own }: Evidence, reason: string): number {
  if (own === undefined || own.spans.made + own.spans.dropped > 0) return 0;
  return own.commands.refused[reason] ?? 0;
}

/** The value of an option, as text. Code wins over the environment. */
export function optionOf({ own, environment }: Evidence, name: string): string | undefined {
  return own?.options[name] ?? environment[variableOf(name)];
}

/** The environment variable of an option. */
export function variableOf(option: string): string {
  return `OTEL_INSTRUMENTATION_REDIS_${option.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** Whether an SDK is started, or available. Then ours must not start a second one. */
export function hasSdk({ own, api, packages }: Evidence): boolean {
  if (own?.provider !== undefined || api.registered.includes('trace')) return true;
  return packages.some(
    ({ name }) => name === SENTRY || /\/(sdk-node|sdk-trace-node|auto-instrumentations-node)$/.test(name),
  );
}

export function packageNamed(name: string, { packages }: Snapshot): LoadedPackage | undefined {
  return packages.find((candidate) => candidate.name === name);
}

/** The value of a variable, as the SDK reads it; undefined: it is not set. */
export function variable({ environment }: Snapshot, name: string): string | undefined {
  const value = environment[name]?.trim();
  return value === '' ? undefined : value;
}

/** The file that configures the SDK in place of the environment. */
export function configFile(snapshot: Snapshot): string | undefined {
  return variable(snapshot, 'OTEL_CONFIG_FILE');
}

/** Whether the environment switches exporters off, and no SDK in code overrides it. */
export function exportsNone(evidence: Evidence): boolean {
  if (configFile(evidence) !== undefined) return false;
  return variable(evidence, 'OTEL_TRACES_EXPORTER') === 'none' && (evidence.own?.provider?.exporters.length ?? 0) === 0;
}
