// Knows: ways in which the instrumentation does not get at redis.
// Must not know: what becomes of what it records.
import { seamOf } from '../../../adapters/versions';
import { PACKAGE_NAME } from '../../../version';
import { isInstalled, preloading, withVariable } from '../advice';
import { commandsBy, type Evidence, isSdkDisabled, isSwitchedOff, packageNamed, redisIn, spansOf } from '../evidence';
import { note, problem, type Row } from '../finding';

const RIVALS = ['@opentelemetry/instrumentation-redis', '@opentelemetry/instrumentation-redis-4'];

export const LOADING: readonly Row[] = [
  {
    id: 'sdk-disabled',
    look: (evidence) => {
      if (!isSdkDisabled(evidence)) return undefined;
      return problem('OTEL_SDK_DISABLED=true switches all of OpenTelemetry off.', 'unset OTEL_SDK_DISABLED');
    },
  },
  {
    id: 'switched-off',
    look: (evidence) => {
      if (!isSwitchedOff(evidence)) return undefined;
      const isCode = evidence.options.enabled !== undefined;
      const where = isCode ? 'the option enabled' : 'OTEL_INSTRUMENTATION_REDIS_ENABLED';
      return problem(`The instrumentation is switched off by ${where}.`, isCode ? 'remove enabled: false' : `unset ${where}`);
    },
  },
  {
    id: 'not-installed',
    look: (evidence) => {
      if (evidence.instrumentation !== undefined || isInstalled(`${PACKAGE_NAME}/hook`, evidence.cwd)) return undefined;
      const packages = [PACKAGE_NAME, '@opentelemetry/api', '@opentelemetry/instrumentation', '@opentelemetry/sdk-node'];
      return problem(`${PACKAGE_NAME} is not installed where the program runs.`, `npm install ${packages.join(' ')}`);
    },
  },
  {
    id: 'not-loaded',
    look: (evidence) => {
      if (evidence.instrumentation !== undefined || !isInstalled(`${PACKAGE_NAME}/hook`, evidence.cwd)) return undefined;
      return problem(`${PACKAGE_NAME} was not loaded by the program.`, preloading(evidence));
    },
  },
  {
    id: 'inactive',
    look: (evidence) => {
      const { instrumentation } = evidence;
      if (instrumentation === undefined || instrumentation.entries.includes('instrumentation')) return undefined;
      if (isSdkDisabled(evidence) || isSwitchedOff(evidence)) return undefined;
      const missing = ['@opentelemetry/api', '@opentelemetry/instrumentation'].filter((name) => !isInstalled(name, instrumentation.folder));
      const change = missing.length > 0 ? `npm install ${missing.join(' ')}` : 'its own line above, "inactive: …", says why';
      return problem(`${PACKAGE_NAME} was preloaded and could not start.`, change);
    },
  },
  {
    id: 'unknown-version',
    look: (evidence) => {
      const unknown = redisIn(evidence).find(({ name, version }) => seamOf(name, version) === undefined);
      if (unknown === undefined) return undefined;
      return problem(
        `${unknown.name} ${unknown.version} is not a version that ${PACKAGE_NAME} knows; it is left untouched.`,
        'npm install redis@6',
      );
    },
  },
  {
    id: 'loaded-late',
    look: (evidence) => {
      const { instrumentation } = evidence;
      const [early] = redisIn(evidence).filter(({ order }) => instrumentation !== undefined && order < instrumentation.order);
      if (early === undefined) return undefined;
      const text = `${early.name} was loaded before the instrumentation, and was patched all the same; what was created before shows less.`;
      return note(text, `load ${PACKAGE_NAME} first: ${preloading(evidence)}`);
    },
  },
  {
    id: 'bundled',
    look: (evidence) => {
      const [bundled] = commandsBy('bundle', evidence);
      if (bundled === undefined) return undefined;
      const text = `Redis is in a bundle, ${bundled.sender}, where no module hook sees it`;
      const change = 'give the client to instrumentClient(client), or leave redis out of the bundle: --packages=external for esbuild';
      return spansOf(evidence).made > 0 ? note(`${text}; it is recorded through its diagnostics channels.`) : problem(`${text}.`, change);
    },
  },
  {
    id: 'other-instrumentation',
    look: (evidence) => {
      const takeover = evidence.said.find((text) => text.includes('its patches were taken off'));
      if (takeover !== undefined) return note(`${takeover[0]?.toUpperCase()}${takeover.slice(1)}.`, keepOut(evidence));
      const rival = RIVALS.find((name) => evidence.scopes[name] !== undefined);
      if (rival === undefined) return undefined;
      if (evidence.instrumentation === undefined) return note(`${rival} records redis.`);
      const also =
        spansOf(evidence).made > 0 ? 'records redis too, so every command has two spans' : 'records redis, and this package does not';
      return problem(`${rival} ${also}.`, keepOut(evidence));
    },
  },
];

function keepOut(evidence: Evidence): string {
  if (packageNamed('@opentelemetry/auto-instrumentations-node', evidence) === undefined)
    return 'remove it from the instrumentations of the SDK';
  const disabled = evidence.environment.OTEL_NODE_DISABLED_INSTRUMENTATIONS?.split(',').filter((name) => name !== 'redis') ?? [];
  return withVariable('OTEL_NODE_DISABLED_INSTRUMENTATIONS', [...disabled, 'redis'].join(','), evidence);
}
