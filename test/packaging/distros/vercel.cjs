'use strict';
const { registerOTel } = require('@vercel/otel');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');

registerOTel({ serviceName: 'app', instrumentations: ['auto', new HttpInstrumentation()] });
