// A user's program that lists the instrumentation, as the first way of the README says.
import { NodeSDK } from '@opentelemetry/sdk-node';
import { RedisInstrumentation } from 'opentelemetry-instrumentation-redis';

const sdk = new NodeSDK({ instrumentations: [new RedisInstrumentation()] });
sdk.start();
await import('./module.mjs');
await sdk.shutdown();
