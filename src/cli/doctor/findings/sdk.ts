// Knows: ways in which there is no SDK, or none that hears the instrumentation.
// Must not know: redis.
import { isInstalled, preloading } from '../advice';
import { type Evidence, exportsNone, hasSdk, packageNamed } from '../evidence';
import { note, problem, type Row } from '../finding';
import { packageOf } from '../loaded';

const API = '@opentelemetry/api';

export const SDK: readonly Row[] = [
  {
    id: 'api-versions',
    look: (evidence) => {
      const registered = evidence.api.version;
      const deaf = deafCopy(evidence);
      if (registered === undefined || deaf === undefined) return undefined;
      const text =
        evidence.sdk === undefined
          ? `The SDK could not register: its ${API} is ${deaf.version}, and ${registered} was there first.`
          : `${API} ${deaf.version} does not hear an SDK that registered with ${registered}; that is 0 spans, silently.`;
      return problem(text, `npm install ${API}@${sdkApi(evidence)}, so that there is one copy; npm ls ${API} shows who has another`);
    },
  },
  {
    id: 'no-sdk',
    look: (evidence) => {
      const { instrumentation, sdk, environment } = evidence;
      if (instrumentation?.entries.includes('instrumentation') !== true || sdk !== undefined || deafCopy(evidence) !== undefined)
        return undefined;
      if (environment.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true' || exportsNone(evidence)) return undefined;
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
  if (evidence.sdk === undefined) {
    const isSdkLoaded = hasSdk(evidence);
    return isSdkLoaded ? copies.find(({ version }) => version !== registered) : undefined;
  }
  return copies.find(({ version }) => minorOf(version) > minorOf(registered));
}

function minorOf(version: string): number {
  return Number(version.split('.')[1]);
}

/** The version of the API that stands beside the SDK. */
function sdkApi(evidence: Evidence): string {
  const sdk = packageNamed('@opentelemetry/sdk-trace-base', evidence) ?? packageNamed('@opentelemetry/sdk-node', evidence);
  const home = sdk && packageOf(`${sdk.folder}/x`);
  const beside = evidence.packages.filter(({ name, folder }) => name === API && home?.folder.startsWith(folder.slice(0, -API.length)));
  return (beside.at(-1)?.version ?? evidence.api.version) as string;
}
