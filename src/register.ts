// Knows: that the application's SDK is started with our instrumentation, unless one was started already.
// Must not know: anything that can throw: a preload must not keep an application from starting.
function load(): void {
  try {
    const { findSdk, withPeersOfApplication } =
      require('./preload/application') as typeof import('./preload/application');
    const sdk = findSdk();
    withPeersOfApplication(() => {
      const { attach } = require('./preload/attach') as typeof import('./preload/attach');
      const { startSdk } = require('./preload/sdk') as typeof import('./preload/sdk');
      startSdk(sdk, attach());
    }, sdk);
  } catch (error) {
    // The missing module may be the API itself, so diag cannot be used.
    console.error(
      'opentelemetry-instrumentation-redis/register: inactive: ' +
        `${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

load();
