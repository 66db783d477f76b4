// Knows: that the application's SDK is started when nobody else did it, with our instrumentation in it.
// Must not know: anything that can throw: a preload must not keep an application from starting.
function load(): void {
  try {
    const { findSdk, withPeersOfApplication } = require('./preload/application') as typeof import('./preload/application');
    const sdk = findSdk();
    withPeersOfApplication(() => {
      const { attach } = require('./preload/attach') as typeof import('./preload/attach');
      const { startSdk } = require('./preload/sdk') as typeof import('./preload/sdk');
      startSdk(sdk, attach());
    }, sdk);
  } catch (error) {
    // What is missing may be the API itself, so there is no diag to say it.
    console.error(`opentelemetry-instrumentation-redis/register: inactive: ${error instanceof Error ? error.message : String(error)}`);
  }
}

load();
