// Knows: where the application's SDK is and that its environment configures it.
// Must not know: exporters, processors, samplers: OTEL_* says those.
import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { diag } from '@opentelemetry/api';
import type { Instrumentation } from '@opentelemetry/instrumentation';
import { PACKAGE_NAME } from '../version';
import { apiGlobals, audibly, useConsole } from './diagnostics';
import { isSdkDisabled } from './environment';
import { flushAtEnd } from './exit';

const SDK_MODULE = '@opentelemetry/sdk-node';

/** What we use of it. Its types are not ours to publish: the package is optional. */
interface SdkModule {
  readonly NodeSDK: new (options: { instrumentations: Instrumentation[] }) => { start(): void; shutdown(): Promise<void> };
}

/** Starts the application's SDK, configured by the environment, unless somebody has started one. */
export function startSdk(instrumentation: Instrumentation | undefined): void {
  if (isSdkDisabled(process.env) || apiGlobals().trace !== undefined) return;
  const path = findSdk();
  if (path === undefined) {
    audibly(reportMissing);
    return;
  }
  const { NodeSDK } = require(path) as SdkModule;
  const sdk = new NodeSDK({ instrumentations: instrumentation === undefined ? [] : [instrumentation] });
  // The SDK sets a logger only if OTEL_LOG_LEVEL is given, and an unreachable collector would be silence.
  useConsole();
  sdk.start();
  flushAtEnd(sdk);
}

/** The application's own first: of two copies, it is the one its code was written for. */
function findSdk(): string | undefined {
  for (const folder of [scriptFolder(), process.cwd(), __dirname]) {
    if (folder === undefined) continue;
    try {
      return require.resolve(SDK_MODULE, { paths: [folder] });
    } catch {
      // Not there: the next folder.
    }
  }
  return undefined;
}

function scriptFolder(): string | undefined {
  const script = process.argv[1];
  if (script === undefined) return undefined;
  try {
    return dirname(realpathSync(script));
  } catch {
    return undefined;
  }
}

function reportMissing(): void {
  const advice = `install it, or start an SDK yourself and preload ${PACKAGE_NAME}/hook instead`;
  diag.createComponentLogger({ namespace: PACKAGE_NAME }).error(`${SDK_MODULE} was not found, so nothing is exported: ${advice}`);
}
