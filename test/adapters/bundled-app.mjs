// An application as it is before it is bundled: no line of tracing in it.
import { createClient, defineScript } from 'redis';

// Three runs at a time, each on its own server.
const MODES = ['control', 'traced', 'idle'];
const socket = { host: process.env.REDIS_HOST, port: Number(process.env.REDIS_PORTS.split(',')[MODES.indexOf(process.env.CONTROL_MODE)]) };
const double = defineScript({
  SCRIPT: 'return redis.call("GET", KEYS[1])',
  NUMBER_OF_KEYS: 1,
  parseCommand: (parser, key) => parser.pushKey(key),
  transformReply: (reply) => reply,
});
const answers = [];
const ask = (promise) =>
  promise.then(
    (value) => answers.push(value),
    (error) => answers.push(error.message),
  );

async function main() {
  const client = createClient({ socket, scripts: { double } });
  client.on('error', () => {});
  await client.connect();
  await ask(client.set('user:7', 'hunter2', { EX: 60 }));
  await ask(client.get('user:7'));
  await ask(client.get('user:8'));
  await ask(client.getSet('user:7', 'hunter3'));
  await ask(client.mGet(['user:7', 'user:8']));
  await ask(client.hGet('hash', 'field'));
  await ask(client.exists(['user:7', 'user:8']));
  await ask(client.lPush('user:7', 'hunter2'));
  await ask(client.publish('news', 'hunter2'));
  await ask(client.eval('return ARGV[1]', { keys: ['k'], arguments: ['hunter2'] }));
  await ask(client.double('user:7'));
  await ask(client.configSet('maxmemory-policy', 'noeviction'));
  await ask(client.multi().set('a', 'hunter2').get('a').exec());
  await ask(client.multi().set('a', 'hunter2').lPush('a', 'hunter2').exec());
  await ask(client.multi().get('user:7').get('user:8').execAsPipeline());
  await ask(client.multi().get('user:7').lPush('user:7', 'hunter2').execAsPipeline());
  await client.watch('a');
  const other = client.duplicate();
  other.on('error', () => {});
  await other.connect();
  await ask(other.del('a'));
  await ask(client.multi().get('a').get('b').exec());
  await client.select(2);
  await ask(client.get('user:7'));
  client.destroy();
  other.destroy();
  process.stdout.write(JSON.stringify(answers));
}

main();
