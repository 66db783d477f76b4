// A user's program that starts its own SDK, knowing nothing of the preload.
const { NodeSDK } = require('@opentelemetry/sdk-node');

const sdk = new NodeSDK();
sdk.start();
process.once('beforeExit', () => sdk.shutdown());
require('./commonjs.cjs');
