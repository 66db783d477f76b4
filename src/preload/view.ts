// Knows: that a program run by `view` shows the requests that caused its commands, if it has instrumentations for
// them.
// Must not know: anything that can throw: a preload must not keep an application from starting.
import type { Instrumentation } from '@opentelemetry/instrumentation';

/** The part that we use. The package belongs to the application and is optional. */
interface AutoInstrumentations {
  getNodeAutoInstrumentations(): Instrumentation[];
}

/** The page shows requests, not every socket and DNS look-up. */
const REQUESTS = 'http,undici';

function load(): void {
  try {
    const { findAutoInstrumentations, findSdk, withPeersOfApplication } =
      require('./application') as typeof import('./application');
    const recorders = findAutoInstrumentations();
    const sdk = findSdk(recorders);
    withPeersOfApplication(() => {
      const { attach } = require('./attach') as typeof import('./attach');
      const { startSdk } = require('./sdk') as typeof import('./sdk');
      const { sendAtExit } = require('./last-spans') as typeof import('./last-spans');
      const redis = attach();
      startSdk(sdk, redis, recorders === undefined ? [] : requestInstrumentations(recorders));
      const url = process.env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT;
      if (sdk !== undefined && url !== undefined) sendAtExit(sdk, url, () => redis?.flushSpans());
    }, sdk);
    if (recorders !== undefined) passHooks();
  } catch (error) {
    console.error(
      `opentelemetry-instrumentation-redis view: inactive: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function requestInstrumentations(path: string): Instrumentation[] {
  process.env.OTEL_NODE_ENABLED_INSTRUMENTATIONS ??= REQUESTS;
  return (require(path) as AutoInstrumentations).getNodeAutoInstrumentations();
}

/** ES modules bypass the `require` hook. Requiring these modules once patches them for all. */
function passHooks(): void {
  for (const name of ['node:http', 'node:https']) require(name);
}

load();
