// Knows: ways in which there is no SDK, or none that hears the instrumentation.
// Must not know: redis.
import { isInstalled, preloading } from '../advice';
import { type Evidence, exportsNone, hasSdk, isSdkDisabled, spansOf } from '../evidence';
import { note, problem, type Row } from '../finding';

const API = '@opentelemetry/api';

export const SDK: readonly Row[] = [
  {
    id: 'api-versions',
    look: (evidence) => {
      const registered = evidence.api.version;
      const deaf = deafCopy(evidence);
      if (registered === undefined || deaf === undefined) return undefined;
      const isRefused = evidence.sdk === undefined;
      const text = isRefused
        ? `The SDK could not register: its ${API} is ${deaf.version}, and ${registered} was there first.`
        : `${API} ${deaf.version} does not hear an SDK that registered with ${registered}; whoever uses it makes no spans, silently.`;
      const wanted = isRefused ? deaf.version : registered;
      const change = `npm install ${API}@${wanted}, so that there is one copy; npm ls ${API} shows who has another`;
      // Somebody else's copy, where ours does hear.
      return spansOf(evidence).made > 0 ? note(text, change) : problem(text, change);
    },
  },
  {
    id: 'no-sdk',
    look: (evidence) => {
      const { instrumentation, sdk } = evidence;
      if (instrumentation?.entries.includes('instrumentation') !== true || sdk !== undefined || deafCopy(evidence) !== undefined)
        return undefined;
      if (isSdkDisabled(evidence) || exportsNone(evidence)) return undefined;
      const text = 'No OpenTelemetry SDK has registered a tracer provider, so spans go nowhere.';
      if (!isInstalled('@opentelemetry/sdk-node', evidence.cwd)) return problem(text, 'npm install @opentelemetry/sdk-node');
      if (hasSdk(evidence)) return problem(text, 'call start() of the NodeSDK, or register() of the tracer provider');
      return problem(text, preloading(evidence));
    },
  },
  {
    id: 'version-pair',
    look: ({ sdk, api }) => {
      if (sdk?.version === undefined || api.version === undefined) return undefined;
      const [fits, range] = sdk.version.startsWith('3.') ? [minorOf(api.version) >= 10, '1.10'] : [minorOf(api.version) < 10, '1.9'];
      if (fits) return undefined;
      return note(`SDK ${sdk.version} is not made for ${API} ${api.version}.`, `npm install ${API}@~${range}`);
    },
  },
];

/** A copy that is newer, by its minor version, than what is registered refuses it; one that differs at all cannot register. */
function deafCopy(evidence: Evidence) {
  const registered = evidence.api.version;
  if (registered === undefined) return undefined;
  const copies = evidence.packages.filter(({ name }) => name === API);
  if (evidence.sdk === undefined) return hasSdk(evidence) ? copies.find(({ version }) => version !== registered) : undefined;
  return copies.find(({ version }) => minorOf(version) > minorOf(registered));
}

function minorOf(version: string): number {
  return Number(version.split('.')[1]);
}
