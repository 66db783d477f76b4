// A user's program that starts its own SDK, knowing nothing of the preload.
import { NodeSDK } from '@opentelemetry/sdk-node';

const sdk = new NodeSDK();
sdk.start();
await import('./module.mjs');
await sdk.shutdown();
