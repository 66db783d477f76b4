// A program whose SDK has logs, comes late, and registers through the ESM copy of the API, which has had logs since 1.10.
// Prints the names of the events that each provider was given.
import { createRequire } from 'node:module';
import { logs } from '@opentelemetry/api';
import { createClient } from 'redis';

const { logs: other } = createRequire(import.meta.url)('@opentelemetry/api');

function collecting() {
  const names = [];
  return { names, provider: { getLogger: () => ({ emit: ({ eventName }) => names.push(eventName), enabled: () => true }) } };
}

const client = await createClient({ url: process.env.REDIS_URL }).connect();
await client.set('text', 'a');
const fail = () => client.lLen('text').catch(() => {});

await fail();
const first = collecting();
logs.setGlobalLoggerProvider(first.provider);
await fail();
const second = collecting();
logs.disable();
logs.setGlobalLoggerProvider(second.provider);
await fail();
await client.quit();
console.log(JSON.stringify({ copies: logs === other ? 1 : 2, first: first.names, second: second.names }));
