// Knows: how options are read from code, then from the environment. Bad values are removed here.
// Must not know: what an option is for.
import type { Report } from '../core/recorder';
import {
  type Environment,
  OPTIONS,
  type Option,
  type OptionName,
  type OptionValues,
  VARIABLES,
  variableOf,
} from './options';

/**
 * Reads all options once. A bad value is reported by the name of its option or variable, never shown; the default is
 * used.
 */
export function readOptions(config: object, environment: Environment, report: Report): OptionValues {
  const given: Readonly<Record<string, unknown>> = { ...config };
  const values: Partial<Record<OptionName, unknown>> = {};
  for (const name of Object.keys(OPTIONS) as OptionName[]) {
    const option: Option<unknown> = OPTIONS[name];
    values[name] =
      (given[name] === undefined
        ? readVariable(variableOf(name), option, environment, report)
        : readGiven(name, option, given[name], report)) ??
      option.fallbackFrom?.(environment) ??
      option.fallback;
  }
  reportUnknown(given, environment, report);
  return values as OptionValues;
}

/** What is misspelt would be ignored in silence. */
function reportUnknown(given: object, environment: Environment, report: Report): void {
  const known = new Set(['enabled', ...Object.keys(OPTIONS)]);
  const variables = new Set([...known].map(variableOf));
  for (const name of Object.keys(given)) if (!known.has(name)) report(`option ${name} is unknown, and is ignored`);
  for (const name of Object.keys(environment))
    if (name.startsWith(VARIABLES) && !variables.has(name)) report(`${name} is unknown, and is ignored`);
}

function readGiven(name: OptionName, { kind }: Option<unknown>, given: unknown, report: Report): unknown {
  const value = kind.fromCode(given);
  if (value === undefined) {
    report(`option ${name}: expected ${kind.expects}, got ${describe(given)}; ${kind.otherwise?.says ?? USED}`);
  }
  return value ?? kind.otherwise?.value;
}

function readVariable(variable: string, { kind }: Option<unknown>, environment: Environment, report: Report): unknown {
  const text = environment[variable]?.trim();
  if (text === undefined || text === '') return undefined;
  const value = kind.fromText?.(text);
  if (value === undefined) {
    const expected = kind.fromText ? `expected ${kind.expects}` : 'can be given in code only';
    report(`${variable}: ${expected}; ${kind.otherwise?.says ?? USED}`);
  }
  return value ?? kind.otherwise?.value;
}

const USED = 'using the default';

/** The type of a bad value. The value is never shown: it may be a secret in the wrong variable. */
function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
