// Knows: how a plain script gets our instrumentation, from source, before it loads redis. For control.ts.
// Must not know: what the script does.
'use strict';
const { writeFileSync } = require('node:fs');
const { register } = require('tsx/cjs/api');
const { DiagLogLevel, diag } = require('@opentelemetry/api');
const { InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node');

const diagnostics = [];
const write = (...words) => diagnostics.push(words.map(String).join(' '));
diag.setLogger({ error: write, warn: write, info() {}, debug() {}, verbose() {} }, DiagLogLevel.WARN);

const exporter = new InMemorySpanExporter();
if (process.env.CONTROL_MODE === 'traced') {
  new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();
}

// Only for our own files: the script runs as plain node would run it.
const unregister = register();
const { RedisInstrumentation } = require('../../src');
unregister();
process.setSourceMapsEnabled(false);
new RedisInstrumentation();

process.on('exit', () => {
  const spans = exporter.getFinishedSpans().map(({ name, kind, attributes, status }) => ({ name, kind, attributes, status }));
  writeFileSync(process.env.CONTROL_REPORT, JSON.stringify({ spans, diagnostics }));
});
