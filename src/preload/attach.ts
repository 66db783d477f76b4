// Knows: how an instrumentation is created once in the process without a line of code.
// Must not know: which SDK there is, or whether there is one.
import { RedisInstrumentation } from '../instrumentation';
import { PACKAGE_NAME } from '../version';
import { optionsInFile } from './config-file';
import { withConsoleLogger } from './diagnostics';
import { isSdkDisabled, isSwitchedOff, keepIncumbentOut } from './environment';

// Global: two flags (require and import), or two copies of the package, must not record everything twice.
const INSTANCE = Symbol.for(`${PACKAGE_NAME}.preloaded`);
const holder = globalThis as { [INSTANCE]?: RedisInstrumentation };

/**
 * Returns the active instrumentation of this process; undefined if the environment or the SDK's file switches it off.
 */
export function attach(): RedisInstrumentation | undefined {
  if (isSdkDisabled(process.env) || isSwitchedOff(process.env)) return undefined;
  holder[INSTANCE] ??= withConsoleLogger(() => {
    const options = optionsInFile();
    if (options.enabled === false) return undefined;
    keepIncumbentOut(process.env);
    return new RedisInstrumentation(options);
  });
  return holder[INSTANCE];
}
