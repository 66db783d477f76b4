// Knows: that our instrumentation joins whatever SDK the application has.
// Must not know: anything that can throw: a preload must not keep an application from starting.
function load(): void {
  try {
    const { withPeersOfApplication } = require('./preload/application') as typeof import('./preload/application');
    withPeersOfApplication(() => (require('./preload/attach') as typeof import('./preload/attach')).attach());
  } catch (error) {
    // The missing module may be the API itself, so diag cannot be used.
    console.error(
      `opentelemetry-instrumentation-redis/hook: inactive: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

load();
