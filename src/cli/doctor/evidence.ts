// Knows: everything a finding may look at, of the one process that matters, and the questions most of them ask.
// Must not know: what is a finding.
import { SEAMS } from '../../adapters/versions';
import { PACKAGE_NAME } from '../../version';
import type { Program } from '../command';
import type { Ended } from '../program';
import type { Reach } from './endpoint';
import { packageOf } from './loaded';
import type { LoadedPackage, SeenCommands, SeenScope, Snapshot } from './snapshot';

/** What was seen of the program, and what was asked about it afterwards. */
export interface Evidence extends Snapshot {
  readonly program: Program;
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

const REDIS_MODULES: ReadonlySet<string> = new Set(SEAMS.map(({ module }) => module));

/** Packages whose loading is of interest: node-redis, and what others use in its place. */
export const CLIENT_PACKAGES: readonly string[] = [...REDIS_MODULES, 'ioredis', 'iovalkey'];

export function redisIn({ packages }: Snapshot): LoadedPackage[] {
  return packages.filter(({ name }) => REDIS_MODULES.has(name));
}

/** `redis`: node-redis from its package. `other`: another client. `bundle`: the code of the program itself. */
export function commandsBy(kind: 'redis' | 'other' | 'bundle', { commands }: Snapshot): SeenCommands[] {
  return commands.filter(({ sender }) => {
    const name = packageOf(sender)?.name;
    if (name === undefined) return kind === 'bundle';
    return kind === (REDIS_MODULES.has(name) ? 'redis' : 'other');
  });
}

export function spansOf({ scopes }: Snapshot, scope = PACKAGE_NAME): SeenScope {
  return scopes[scope] ?? { made: 0, dropped: 0, names: [] };
}

/** An option as it is, in words: code wins. */
export function optionOf({ options, environment }: Snapshot, name: string): string | undefined {
  return options[name] ?? environment[variableOf(name)];
}

/** Where the environment has an option. */
export function variableOf(option: string): string {
  return `OTEL_INSTRUMENTATION_REDIS_${option.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** Commands went out, everything is in place, and still not even the sampler was asked for a span. */
export function isMute(evidence: Evidence): boolean {
  const { made, dropped } = spansOf(evidence);
  const isReady = evidence.sdk !== undefined && evidence.instrumentation?.entries.includes('instrumentation') === true;
  return isReady && commandsBy('redis', evidence).length > 0 && made + dropped === 0;
}

/** Somebody starts an SDK, or has it at hand: ours must not start a second. */
export function hasSdk({ sdk, packages }: Snapshot): boolean {
  return sdk !== undefined || packages.some(({ name }) => /\/(sdk-node|sdk-trace-node|auto-instrumentations-node)$/.test(name));
}

export function packageNamed(name: string, { packages }: Snapshot): LoadedPackage | undefined {
  return packages.find((candidate) => candidate.name === name);
}

/** By the environment, and no SDK in code that says otherwise. */
export function exportsNone({ environment, sdk }: Snapshot): boolean {
  return environment.OTEL_TRACES_EXPORTER?.trim() === 'none' && (sdk === undefined || sdk.exporters.length === 0);
}

export function isSdkDisabled({ environment }: Snapshot): boolean {
  return environment.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true';
}

export function isSwitchedOff(snapshot: Snapshot): boolean {
  return ['false', '0'].includes(optionOf(snapshot, 'enabled')?.trim().toLowerCase() ?? '');
}
