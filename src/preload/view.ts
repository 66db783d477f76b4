// Knows: that a program under `view` shows the requests that its commands belong to, where it has what records them.
// Must not know: anything that can throw: a preload must not keep an application from starting.
import type { Instrumentation } from '@opentelemetry/instrumentation';

/** What we use of it. It is the application's, and need not be there. */
interface AutoInstrumentations {
  getNodeAutoInstrumentations(): Instrumentation[];
}

/** A page to look at wants requests, not every socket and every look-up of a name. */
const REQUESTS = 'http,undici';

function load(): void {
  try {
    const { findAutoInstrumentations, findSdk, withPeersOfApplication } = require('./application') as typeof import('./application');
    const recorders = findAutoInstrumentations();
    const sdk = findSdk(recorders);
    withPeersOfApplication(() => {
      const { attach } = require('./attach') as typeof import('./attach');
      const { startSdk } = require('./sdk') as typeof import('./sdk');
      startSdk(sdk, attach(), recorders === undefined ? [] : requestInstrumentations(recorders));
    }, sdk);
    if (recorders !== undefined) passHooks();
  } catch (error) {
    console.error(`opentelemetry-instrumentation-redis view: inactive: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function requestInstrumentations(path: string): Instrumentation[] {
  process.env.OTEL_NODE_ENABLED_INSTRUMENTATIONS ??= REQUESTS;
  return (require(path) as AutoInstrumentations).getNodeAutoInstrumentations();
}

/** An ES module that imports them passes no hook of `require`. Patched they are all the same once anybody requires them. */
function passHooks(): void {
  for (const name of ['node:http', 'node:https']) require(name);
}

load();
