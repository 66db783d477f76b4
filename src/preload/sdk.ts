// Knows: how the application's SDK is started, and that its environment configures it.
// Must not know: exporters, processors, samplers: OTEL_* says those.
import { diag } from '@opentelemetry/api';
import type { Instrumentation } from '@opentelemetry/instrumentation';
import type { RedisInstrumentation } from '../instrumentation';
import { PACKAGE_NAME } from '../version';
import { SDK } from './application';
import { apiGlobals, audibly, useConsole } from './diagnostics';
import { isSdkDisabled } from './environment';
import { flushAtEnd } from './exit';

/** What we use of it. Its types are not ours to publish: the package is optional. */
interface SdkModule {
  readonly NodeSDK: new (options: { instrumentations: Instrumentation[] }) => { start(): void; shutdown(): Promise<void> };
}

/** Starts the application's SDK, configured by the environment, unless somebody has started one. */
export function startSdk(path: string | undefined, instrumentation: RedisInstrumentation | undefined): void {
  if (isSdkDisabled(process.env) || apiGlobals().trace !== undefined) return;
  if (path === undefined) {
    audibly(reportMissing);
    return;
  }
  const { NodeSDK } = require(path) as SdkModule;
  const sdk = new NodeSDK({ instrumentations: instrumentation === undefined ? [] : [instrumentation] });
  // The SDK sets a logger only if OTEL_LOG_LEVEL is given, and an unreachable collector would be silence.
  useConsole();
  sdk.start();
  flushAtEnd(sdk, () => instrumentation?.flushSpans());
}

function reportMissing(): void {
  const advice = `install it, or start an SDK yourself and preload ${PACKAGE_NAME}/hook instead`;
  diag.createComponentLogger({ namespace: PACKAGE_NAME }).error(`${SDK} was not found, so nothing is exported: ${advice}`);
}
