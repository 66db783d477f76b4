// Knows: what a test of an application's spans does. Must not know: which runner runs it.
'use strict';
const assert = require('node:assert/strict');
const { hasSubscribers } = require('node:diagnostics_channel');

/** Of a redis of the application's, as loaded in the test file. */
exports.check = async ({ createClient }, { trace }, exporter) => {
  const client = createClient({ url: process.env.REDIS_URL });
  await client.connect();
  exporter.reset();
  const parent = await trace.getTracer('test').startActiveSpan('request', async (span) => {
    await client.set('user:7', 'Ada');
    await client.multi().get('user:7').get('user:8').exec();
    span.end();
    return span.spanContext().spanId;
  });
  await (client.close ?? client.quit).call(client);
  const spans = exporter.getFinishedSpans().filter(({ attributes }) => attributes['db.operation.name'] !== 'QUIT');
  const seen = spans.map(({ attributes, parentSpanContext }) => [attributes['db.operation.name'], parentSpanContext?.spanId === parent]);
  assert.deepEqual(seen, [
    ['SET', true],
    ['MULTI GET', true],
    [undefined, false],
  ]);
};

/** Before a test file sets anything up: nothing of an earlier file is left. */
exports.assertClean = () => assert.equal(hasSubscribers('tracing:node-redis:connect:start'), false);
