// Knows: how a plain script gets our instrumentation before it loads redis. For control.ts.
// Must not know: what the script does.
'use strict';
const { writeFileSync } = require('node:fs');
const { DiagLogLevel, diag } = require('@opentelemetry/api');
const { InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node');

const diagnostics = [];
const write = (...words) => diagnostics.push(words.map(String).join(' '));
diag.setLogger({ error: write, warn: write, info() {}, debug() {}, verbose() {} }, DiagLogLevel.WARN);

let openSpans = 0;
const exporter = new InMemorySpanExporter();
// What arrived before the SDK was shut down has arrived.
exporter.shutdown = async () => {};
const counting = {
  onStart: () => openSpans++,
  onEnd: () => openSpans--,
  forceFlush: async () => {},
  shutdown: async () => {},
};

/** The SDK a script gets unless its test brings one. Returns the options of our instrumentation. */
function plainSdk({ spanProcessors }) {
  new NodeTracerProvider({ spanProcessors }).register();
  return {};
}

function startSdk() {
  const start = process.env.CONTROL_SDK ? require(process.env.CONTROL_SDK) : plainSdk;
  return start({ spanProcessors: [counting, new SimpleSpanProcessor(exporter)] });
}

const config = process.env.CONTROL_MODE === 'traced' ? startSdk() : {};
if (config !== undefined) {
  const { RedisInstrumentation } = require(process.env.CONTROL_OURS);
  new RedisInstrumentation(config);
}

const milliseconds = ([seconds, nanoseconds]) => seconds * 1e3 + nanoseconds / 1e6;

process.on('exit', () => {
  const spans = exporter.getFinishedSpans().map(({ name, kind, attributes, status, startTime, duration }) => ({
    ...{ name, kind, attributes, status },
    startTimeMs: milliseconds(startTime),
    durationMs: milliseconds(duration),
  }));
  writeFileSync(process.env.CONTROL_REPORT, JSON.stringify({ spans, openSpans, diagnostics }));
});
