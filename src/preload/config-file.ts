// Knows: the file that configures an SDK in place of its environment, and where our options stand in it.
// Must not know: what an option means, what the rest of the file says.
import { readFileSync } from 'node:fs';
import { diag } from '@opentelemetry/api';
import type { RedisInstrumentationConfig } from '../config/public';
import { PACKAGE_NAME } from '../version';
import { CONFIGURATION, findConfiguration } from './application';

/** What we use of the package with which the SDK reads the file; the first from 0.300 on, the second before. */
interface ConfigurationModule {
  parseConfigFile?(file: string): Model;
  createConfigFactory?(): { getConfigModel(): Model };
}

interface Model {
  readonly 'instrumentation/development'?: { readonly js?: Readonly<Record<string, RedisInstrumentationConfig | null>> | null } | null;
}

/** undefined: the SDK is configured by its environment. */
export function configFile(): string | undefined {
  return process.env.OTEL_CONFIG_FILE?.trim() || undefined;
}

/** Our options in the file; none where there is none, or it says nothing of us. What is wrong with the file, the SDK says. */
export function optionsInFile(): RedisInstrumentationConfig {
  const file = configFile();
  if (file === undefined || !namesUs(file)) return {};
  const path = findConfiguration();
  const { parseConfigFile, createConfigFactory } = path === undefined ? {} : (require(path) as ConfigurationModule);
  if (parseConfigFile === undefined && createConfigFactory === undefined) {
    report(`the options in ${file} are not read: ${CONFIGURATION} was not found; it comes with the SDK, from 0.210 on`);
    return {};
  }
  try {
    const model = parseConfigFile?.(file) ?? createConfigFactory?.().getConfigModel();
    return model?.['instrumentation/development']?.js?.[PACKAGE_NAME] ?? {};
  } catch {
    return {};
  }
}

/** Most files do not, and need not be parsed twice. */
function namesUs(file: string): boolean {
  try {
    return readFileSync(file, 'utf8').includes(PACKAGE_NAME);
  } catch {
    return false;
  }
}

function report(message: string): void {
  diag.createComponentLogger({ namespace: PACKAGE_NAME }).warn(message);
}
