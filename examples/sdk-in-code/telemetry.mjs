// The SDK of the application. It must be loaded before redis is.
import { NodeSDK } from '@opentelemetry/sdk-node';
import { RedisInstrumentation } from 'opentelemetry-instrumentation-redis';

const sdk = new NodeSDK({
  serviceName: 'shop',
  instrumentations: [
    new RedisInstrumentation({
      keys: 'family',
      ignoreCommands: ['PING'],
      responseHook: (span, command) => span.setAttribute('shop.command', command),
    }),
  ],
});
sdk.start();

export const shutdown = () => sdk.shutdown();
