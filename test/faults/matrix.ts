// Knows: every fault, the versions of redis it can happen to, and what is verified there.
// Must not know: how a run is made and compared.
import { join } from 'node:path';
import * as stages from './stages';
import type { Expectation } from './truths';

export const VERSIONS = ['3.1', '4.7', '5.12', '6.3'] as const;
export type Version = (typeof VERSIONS)[number];

export interface Fault {
  readonly name: string;
  readonly versions: readonly Version[];
  /** What the application does: a scenario of app/scenarios.cjs. */
  readonly scenario: string;
  readonly stage: stages.StartStage;
  /** A fault of the telemetry's own, which telemetry.cjs makes; it is then not there in the control. */
  readonly telemetry?: string;
  /** What we are to say of it through diag: once each, and nothing else. */
  readonly diagnostics?: readonly RegExp[];
  /** Default `all`. */
  readonly spans?: Expectation;
  /** Connections break at any byte: see `comparable`. */
  readonly isTorn?: true;
  /** The versions it meets in `npm test`, if not all: it takes its time, or does not depend on the version. */
  readonly briefly?: readonly Version[];
}

const { clustered, watched, standalone, behindProxy, hostile, refusing, collecting } = stages;

const SERVERS: readonly Fault[] = [
  { name: 'server killed and restarted, commands on their way', versions: VERSIONS, scenario: 'restart', stage: standalone },
  { name: 'server paused past the timeout', versions: VERSIONS, scenario: 'pause', stage: standalone },
  { name: 'connection lost at any byte', versions: VERSIONS, scenario: 'reset', stage: behindProxy, isTorn: true },
  { name: 'OOM, READONLY, NOPERM, LOADING, NOAUTH', versions: VERSIONS, scenario: 'refusals', stage: refusing },
  { name: 'malformed replies', versions: VERSIONS, scenario: 'malformed', stage: hostile, isTorn: true },
  { name: 'replies of 100 MB', versions: VERSIONS, scenario: 'large', stage: standalone, briefly: ['6.3'] },
  ...group('cluster resharded under load', 'cluster', clustered('reshard')),
  ...group('cluster failover under load, agreed', 'cluster', clustered('hand over')),
  ...group('cluster failover under load, the master crashed', 'cluster', clustered('crash')),
  ...group('sentinel failover under load, agreed', 'sentinel', watched('hand over')),
  ...group('sentinel failover under load, the master crashed', 'sentinel', watched('crash')),
];

function group(name: string, scenario: 'cluster' | 'sentinel', stage: stages.StartStage): Fault[] {
  const versions = VERSIONS.filter((version) => version !== '3.1' && (scenario === 'cluster' || version !== '4.7'));
  // A sentinel client keeps a call back while there is no master: that wait is in no span.
  const spans = scenario === 'sentinel' ? 'sent' : 'all';
  return [{ name, versions, briefly: ['6.3'], scenario, stage, isTorn: true, spans }];
}

/** One with callbacks and one with promises: what is wrong with the telemetry is no matter of the version. */
const BRIEFLY: readonly Version[] = ['3.1', '6.3'];

const recorded = (what: string) => new RegExp(`^a ${what} could not be recorded`);
const measured = (what: string) => new RegExp(`^a ${what} could not be measured`);

const TELEMETRY: readonly Fault[] = [
  ...telemetry('hooks throw', {
    diagnostics: [/dbStatementSerializer hook threw/, /spanName hook threw/, /responseHook hook threw/, /keyFamilies.* threw/],
  }),
  ...telemetry('key masks throw', { diagnostics: [/`keys` function threw/], spans: 'unnamed' }),
  ...telemetry('the sampler throws', { diagnostics: [recorded('span'), recorded('batch')], spans: 'none' }),
  ...telemetry('the propagator throws', {}),
  ...telemetry('span processors throw', { diagnostics: [recorded('span'), recorded('batch')] }),
  ...telemetry('the exporter throws', {}),
  ...telemetry('the exporter never answers', {}),
  ...telemetry('a meter provider arrives that throws', { diagnostics: [/a meter could not be used/] }),
  ...telemetry('meters throw', { diagnostics: [/a meter could not be used/] }),
  ...telemetry('instruments throw', {
    diagnostics: [recorded('metric'), recorded('batch'), measured('batch'), measured('connection')],
  }),
  ...telemetry('the metric exporter fails', {}),
  ...telemetry('the SDK is shut down', { spans: 'some' }),
  ...telemetry('the logger throws', {}),
  ...['down', 'silent', 'slow'].map((state) => ({
    ...{
      name: `the collector is ${state}`,
      versions: VERSIONS,
      briefly: ['6.3'] as const,
      scenario: 'traffic',
      telemetry: 'register',
      spans: 'none' as const,
      diagnostics: state === 'slow' ? [] : [/^telemetry cannot be sent to .*; said once/],
    },
    stage: collecting(state as 'down'),
  })),
];

function telemetry(name: string, more: Partial<Fault>): Fault[] {
  return [{ name, versions: VERSIONS, briefly: BRIEFLY, scenario: 'traffic', stage: standalone, telemetry: name, ...more }];
}

export const FAULTS: readonly Fault[] = [...SERVERS, ...TELEMETRY];

export const TELEMETRY_SDK = join(__dirname, 'telemetry.cjs');
