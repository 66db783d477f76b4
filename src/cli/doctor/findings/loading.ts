// Knows: causes why the instrumentation cannot patch redis.
// Must not know: what becomes of recorded spans.

import { SEAMS, seamOf } from '../../../adapters/versions';
import { isSdkDisabled, isSwitchedOff } from '../../../preload/environment';
import { PACKAGE_NAME } from '../../../version';
import { isInstalled, preloading, setting, unsetting, withoutOption } from '../advice';
import {
  commandsBy,
  configFile,
  type Evidence,
  isOutOfReach,
  measuredIn,
  optionOf,
  packageNamed,
  redisIn,
  spansOf,
  variable,
  variableOf,
} from '../evidence';
import { type Finding, note, problem, type Row } from '../finding';
import { endedEarly, isStarting } from './program';

export const LOADING: readonly Row[] = [
  {
    id: 'sdk-disabled',
    look: (evidence) => {
      if (!isSdkDisabled(evidence.environment)) return undefined;
      return problem('OTEL_SDK_DISABLED=true switches all of OpenTelemetry off.', {
        change: unsetting('OTEL_SDK_DISABLED', evidence),
      });
    },
  },
  {
    id: 'switched-off',
    look: (evidence) => {
      const name = variableOf('enabled');
      if (isSwitchedOff(evidence.environment))
        return problem(`The instrumentation is switched off by ${name}.`, { change: unsetting(name, evidence) });
      const { own } = evidence;
      if (own !== undefined && measuredIn(evidence) === 0 && /^(false|0)$/i.test(optionOf(evidence, 'traces') ?? '')) {
        return problem(
          'The option traces is false, and no metrics are recorded either.',
          withoutOption(evidence, 'traces'),
        );
      }
      if (own?.isEnabled !== false) return undefined;
      return problem('The code of the program has disabled the instrumentation.', {
        advice: 'remove enabled: false, or the call of disable()',
      });
    },
  },
  {
    id: 'not-installed',
    look: (evidence) => {
      if (!isMissed(evidence) || isInstalled(`${PACKAGE_NAME}/hook`, evidence.cwd)) return undefined;
      const packages = [
        PACKAGE_NAME,
        '@opentelemetry/api',
        '@opentelemetry/instrumentation',
        '@opentelemetry/sdk-node',
      ];
      return problem(`${PACKAGE_NAME} is not installed where the program runs.`, {
        change: `npm install ${packages.join(' ')}`,
      });
    },
  },
  {
    id: 'not-loaded',
    look: (evidence) => {
      if (!isMissed(evidence) || !isInstalled(`${PACKAGE_NAME}/hook`, evidence.cwd)) return undefined;
      return problem(`${PACKAGE_NAME} was not loaded by the program.`, { change: preloading(evidence) });
    },
  },
  {
    id: 'inactive',
    look: (evidence) => {
      const { instrumentation } = evidence;
      if (
        instrumentation === undefined ||
        evidence.own !== undefined ||
        isSdkDisabled(evidence.environment) ||
        isSwitchedOff(evidence.environment)
      )
        return undefined;
      // Without redis the instrumentation has nothing to do.
      if (redisIn(evidence).length === 0) return undefined;
      if (instrumentation.entries.includes('instrumentation')) return notConstructed(evidence);
      const missing = ['@opentelemetry/api', '@opentelemetry/instrumentation'].filter(
        (name) => !isInstalled(name, instrumentation.folder),
      );
      const text = `${PACKAGE_NAME} was preloaded and could not start.`;
      if (missing.length > 0) return problem(text, { change: `npm install ${missing.join(' ')}` });
      return problem(text, { advice: 'its own line above, "inactive: …", says why' });
    },
  },
  {
    id: 'unknown-version',
    look: (evidence) => {
      const unknown = redisIn(evidence).find(({ name, version }) => seamOf(name, version) === undefined);
      if (unknown === undefined) return undefined;
      return problem(
        `${unknown.name} ${unknown.version} is not a version that ${PACKAGE_NAME} knows; its files are left untouched.`,
        {
          change: `npm install ${unknown.name}@${newestOf(unknown.name)}`,
        },
      );
    },
  },
  {
    id: 'own-loader',
    look: (evidence) => {
      if (!isOutOfReach(evidence)) return undefined;
      return problem(
        'Redis was not loaded by the loader of Node.js but by another, as in jest: preloaded files do not reach it.',
        {
          advice: `with jest, setupFiles: ['${PACKAGE_NAME}/hook', …]; docs/testing.md of the package has the rest`,
        },
      );
    },
  },
  {
    id: 'loaded-late',
    look: (evidence) => {
      const { instrumentation } = evidence;
      const [early] = redisIn(evidence).filter(
        ({ order }) => instrumentation !== undefined && order < instrumentation.order,
      );
      if (early === undefined) return undefined;
      const text =
        `${early.name} was loaded before the instrumentation, and was patched later; clients created before then ` +
        'show less.';
      return note(text, { advice: `load ${PACKAGE_NAME} first, before all that loads ${early.name}` });
    },
  },
  {
    id: 'bundled',
    look: (evidence) => {
      const [bundled] = commandsBy('bundle', evidence);
      if (bundled === undefined) return undefined;
      const text = `Redis is in a bundle, ${bundled.sender}, where no module hook sees it`;
      if (spansOf(evidence).made + measuredIn(evidence) > 0)
        return note(`${text}; it is recorded through its diagnostics channels or instrumentClient.`);
      return problem(`${text}.`, {
        advice:
          'give the client to instrumentClient(client), or leave redis out of the bundle: --packages=external ' +
          'for esbuild',
      });
    },
  },
  {
    id: 'other-instrumentation',
    look: (evidence) => {
      const { own } = evidence;
      if (own === undefined) return undefined;
      const takeover = own.said.find((text) => text.includes('its patches were removed'));
      if (takeover !== undefined)
        return note(`${takeover[0]?.toUpperCase()}${takeover.slice(1)}.`, switchTheirsOff(evidence));
      if (own.others.length === 0) return undefined;
      const names = own.others.map(({ name }) => name).join(' and ');
      const remedy = { advice: own.others.map((other) => other.remedy).join('; '), ...switchTheirsOff(evidence) };
      if (own.spans.made > 0) return problem(`Every command has two spans: ${names} is active too.`, remedy);
      if (optionOf(evidence, 'onConflict') === 'stand-down')
        return problem(`This package stands down: ${names} is active.`, remedy);
      return note(`There would be two spans for every command: ${names} is active too.`, remedy);
    },
  },
];

/** The class is loaded, but no instance was made. */
function notConstructed(evidence: Evidence): Finding {
  const file = configFile(evidence);
  const advice =
    file === undefined
      ? 'put new RedisInstrumentation() into the instrumentations of the SDK'
      : `remove enabled: false from ${file}`;
  return problem(`${PACKAGE_NAME} was loaded, but no RedisInstrumentation was created.`, { advice });
}

function newestOf(name: string): number {
  return Math.max(...SEAMS.filter(({ module }) => module === name).flatMap(({ majors }) => majors));
}

/** Whether redis was not loaded although it could have been: a program that did nothing so far may load it later. */
function isMissed(evidence: Evidence): boolean {
  if (evidence.instrumentation !== undefined || evidence.own !== undefined) return false;
  if (endedEarly(evidence) || isStarting(evidence) || isOutOfReach(evidence)) return false;
  return evidence.ending !== undefined || redisIn(evidence).length + evidence.commands.length > 0;
}

/** The environment can switch off single instrumentations of auto-instrumentations-node. */
function switchTheirsOff(evidence: Evidence): { readonly change?: string } {
  if (packageNamed('@opentelemetry/auto-instrumentations-node', evidence) === undefined) return {};
  const disabled = (variable(evidence, DISABLED) ?? '').split(',').filter((name) => name !== 'redis' && name !== '');
  return { change: setting(DISABLED, [...disabled, 'redis'].join(','), evidence) };
}

const DISABLED = 'OTEL_NODE_DISABLED_INSTRUMENTATIONS';
