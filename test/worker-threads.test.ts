import assert from 'node:assert/strict';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type RedisServer, startStandalone } from './support/redis-server';

/** An application in a thread: whatever is loaded there is loaded there alone. */
const APPLICATION = `
  const { parentPort, workerData } = require('node:worker_threads');
  require('tsx/cjs');
  const { InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');
  const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node');
  const exporter = new InMemorySpanExporter();
  new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();
  new (require(workerData.source).RedisInstrumentation)();
  const client = require('redis').createClient({ socket: workerData.socket });
  client.connect()
    .then(() => client.set('thread', String(workerData.thread)))
    .then(() => client.get('thread'))
    .then(() => client.close())
    .then(() => parentPort.postMessage(exporter.getFinishedSpans().map(({ name }) => name)));
`;

describe('worker threads', () => {
  let server: RedisServer;
  before(async () => {
    server = await startStandalone();
  });
  after(() => server.stop());

  it('are recorded each by an instrumentation of their own, and end by themselves', async () => {
    const { host, port } = server;
    const run = async (thread: number): Promise<unknown> => {
      const workerData = { source: resolve(__dirname, '../src'), socket: { host, port }, thread };
      const worker = new Worker(APPLICATION, { eval: true, workerData });
      const ended = once(worker, 'exit');
      const [names] = await once(worker, 'message');
      // A timer of ours that kept the thread alive would keep it for ever.
      assert.deepEqual(await ended, [0]);
      return names;
    };
    const expected = ['SET', 'GET'].map((operation) => `${operation} ${host}:${port}`);
    assert.deepEqual(await Promise.all([1, 2].map(run)), [expected, expected]);
  });
});
