// The same server, with HTTP traced by an SDK that is started after redis and http were loaded.
require('redis');
require('node:http');
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const { getNodeAutoInstrumentations } = require('@opentelemetry/auto-instrumentations-node');

// Under `register` there is an SDK already.
if (process.env.APP_SDK === 'own') {
  const { NodeSDK } = require('@opentelemetry/sdk-node');
  new NodeSDK({ instrumentations: [] }).start();
}
registerInstrumentations({ instrumentations: getNodeAutoInstrumentations() });
require('./web.cjs');
