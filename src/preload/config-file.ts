// Knows: the file that configures an SDK in place of its environment, and where our options are in it.
// Must not know: the meaning of an option, the rest of the file.
import { readFileSync } from 'node:fs';
import type { RedisInstrumentationConfig } from '../config/public';
import { PACKAGE_NAME } from '../version';
import { CONFIGURATION, findConfiguration } from './application';
import { log } from './diagnostics';

/**
 * The part that we use of the package with which the SDK reads the file. The first function exists from 0.300 on, the
 * second before.
 */
interface ConfigurationModule {
  parseConfigFile?(file: string): Model;
  createConfigFactory?(): { getConfigModel(): Model };
}

interface Model {
  readonly 'instrumentation/development'?: {
    readonly js?: Readonly<Record<string, RedisInstrumentationConfig | null>> | null;
  } | null;
}

/** undefined: the environment configures the SDK. */
export function configFile(): string | undefined {
  return process.env.OTEL_CONFIG_FILE?.trim() || undefined;
}

/**
 * Returns our options in the file; none if there is no file, or it does not name us. The SDK reports errors in the
 * file.
 */
export function optionsInFile(): RedisInstrumentationConfig {
  const file = configFile();
  if (file === undefined || !namesUs(file)) return {};
  const path = findConfiguration();
  const { parseConfigFile, createConfigFactory } = path === undefined ? {} : (require(path) as ConfigurationModule);
  if (parseConfigFile === undefined && createConfigFactory === undefined) {
    log().warn(
      `the options in ${file} are not read: ${CONFIGURATION} was not found; it comes with the SDK, from 0.210 on`,
    );
    return {};
  }
  try {
    const model = parseConfigFile?.(file) ?? createConfigFactory?.().getConfigModel();
    return model?.['instrumentation/development']?.js?.[PACKAGE_NAME] ?? {};
  } catch {
    return {};
  }
}

/** Most files do not name us, and are not parsed a second time. */
function namesUs(file: string): boolean {
  try {
    return readFileSync(file, 'utf8').includes(PACKAGE_NAME);
  } catch {
    return false;
  }
}
