// Knows: causes why there is no SDK, or none that is connected to the instrumentation.
// Must not know: redis.
import { isSdkDisabled } from '../../../preload/environment';
import { isInstalled, preloading } from '../advice';
import {
  type Evidence,
  exportsNone,
  hasSdk,
  isOutOfReach,
  measuredIn,
  packageNamed,
  SENTRY,
  spansOf,
} from '../evidence';
import { note, problem, type Row } from '../finding';
import { faultOf } from './variables';

const API = '@opentelemetry/api';

export const SDK: readonly Row[] = [
  {
    id: 'api-versions',
    look: (evidence) => {
      const registered = evidence.api.version;
      const deaf = deafCopy(evidence);
      if (registered === undefined || deaf === undefined) return undefined;
      const isRefused = !isRegistered(evidence);
      const text = isRefused
        ? `The SDK could not register: its ${API} is ${deaf.version}, and ${registered} was there first.`
        : `${API} ${deaf.version} is not connected to an SDK that registered with ${registered}; packages that ` +
          'use it make no spans, without an error.';
      const wanted = isRefused ? deaf.version : registered;
      // There should be one copy; npm ls shows which package brings another.
      const change = `npm install ${API}@${wanted} && npm ls ${API}`;
      // It is another package's copy if ours is connected.
      return spansOf(evidence).made > 0 ? note(text, { change }) : problem(text, { change });
    },
  },
  {
    id: 'no-sdk',
    look: (evidence) => {
      const { own } = evidence;
      if (own === undefined || own.provider !== undefined || deafCopy(evidence) !== undefined || isOutOfReach(evidence))
        return undefined;
      if (isSdkDisabled(evidence.environment) || exportsNone(evidence) || faultOf(evidence) !== undefined)
        return undefined;
      if (measuredIn(evidence) > 0)
        return note('Commands are measured, and have no spans: no tracer provider is registered.');
      const text = 'No OpenTelemetry SDK has registered a tracer provider, so spans go nowhere.';
      const sentry = packageNamed(SENTRY, evidence);
      if (sentry !== undefined) return sentryFinding(sentry.version);
      if (!isInstalled('@opentelemetry/sdk-node', evidence.cwd))
        return problem(text, { change: 'npm install @opentelemetry/sdk-node' });
      if (hasSdk(evidence))
        return problem(text, { advice: 'call start() of the NodeSDK, or register() of the tracer provider' });
      return problem(text, { change: preloading(evidence) });
    },
  },
];

/** From version 11 on Sentry has spans of its own, and those of OpenTelemetry only on request. */
function sentryFinding(version: string) {
  const isAsked = Number(version.split('.')[0]) >= 11;
  const text = `${SENTRY} ${version} has registered no tracer provider with OpenTelemetry`;
  if (isAsked)
    return problem(`${text}: it does so only if asked.`, {
      advice: 'Sentry.init({ enableOpenTelemetrySetup: true, … })',
    });
  return problem(`${text}.`, { advice: 'call Sentry.init() without skipOpenTelemetrySetup, or start an SDK' });
}

function isRegistered({ own, api }: Evidence): boolean {
  return own?.provider !== undefined || api.registered.includes('trace');
}

/**
 * A copy with a newer minor version than the registered one refuses it. A copy of any other version cannot register.
 */
function deafCopy(evidence: Evidence) {
  const registered = evidence.api.version;
  if (registered === undefined) return undefined;
  const copies = evidence.packages.filter(({ name }) => name === API);
  if (!isRegistered(evidence))
    return hasSdk(evidence) ? copies.find(({ version }) => version !== registered) : undefined;
  return copies.find(({ version }) => minorOf(version) > minorOf(registered));
}

function minorOf(version: string): number {
  return Number(version.split('.')[1]);
}
