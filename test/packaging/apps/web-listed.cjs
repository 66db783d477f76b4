// The same server, with ours constructed before the SDK is loaded.
const { APP_OURS } = process.env;
const ours = APP_OURS === undefined ? [] : [new (require(APP_OURS).RedisInstrumentation)()];
const { NodeSDK } = require('@opentelemetry/sdk-node');
const { getNodeAutoInstrumentations } = require('@opentelemetry/auto-instrumentations-node');

new NodeSDK({ instrumentations: [...ours, ...getNodeAutoInstrumentations()] }).start();
require('./web.cjs');
