'use strict';
const { assertClean, check } = require('./check.cjs');

assertClean();
const { NodeSDK, tracing } = require('@opentelemetry/sdk-node');
const { RedisInstrumentation } = require('opentelemetry-instrumentation-redis');

const exporter = new tracing.InMemorySpanExporter();
const instrumentations = [new RedisInstrumentation()];
// Else the first spans wait for what is asked of the machine.
const autoDetectResources = false;
new NodeSDK({ autoDetectResources, spanProcessors: [new tracing.SimpleSpanProcessor(exporter)], instrumentations }).start();

/* global test */
test('makes one span for each command', () => check(require('redis'), require('@opentelemetry/api'), exporter));
