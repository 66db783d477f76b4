import * as api from '@opentelemetry/api';
import { NodeSDK, tracing } from '@opentelemetry/sdk-node';
import { RedisInstrumentation } from 'opentelemetry-instrumentation-redis';
import * as redis from 'redis';
import { test } from 'vitest';
import { check } from './check.cjs';

const exporter = new tracing.InMemorySpanExporter();
const instrumentations = [new RedisInstrumentation()];
// Else the first spans wait for what is asked of the machine.
const autoDetectResources = false;
new NodeSDK({ autoDetectResources, spanProcessors: [new tracing.SimpleSpanProcessor(exporter)], instrumentations }).start();

test('makes one span for each command', () => check(redis, api, exporter));
