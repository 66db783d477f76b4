// Knows: what the application does with redis. A shape runs 100 commands, unless it says another number.
// Must not know: who is measured.

const COMMANDS_PER_RUN = 100;
const KILOBYTE = 'v'.repeat(1_024);

const all = (call) => Promise.all(Array.from({ length: COMMANDS_PER_RUN }, call));

function batchOfGets(client) {
  const batch = client.multi();
  for (let index = 0; index < COMMANDS_PER_RUN; index++) batch.get('user:7:profile');
  return batch;
}

const SHAPES = {
  'GET one by one': async (client) => {
    for (let index = 0; index < COMMANDS_PER_RUN; index++) await client.get('user:7:profile');
  },
  '100 GETs at once': (client) => all(() => client.get('user:7:profile')),
  'MULTI of 100': (client) => batchOfGets(client).exec(),
  'pipeline of 100': (client) => batchOfGets(client).execAsPipeline(),
  '100 SETs of 1 KB': (client) => all(() => client.set('user:7:profile', KILOBYTE)),
  'MGET of 200 keys': async (client) => {
    for (let index = 0; index < 10; index++) await client.mGet(newKeys());
  },
  '200 GETs in one parent': (client, request) =>
    request(async () => {
      for (let index = 0; index < 200; index++) await client.get(`user:${index}:profile`);
    }),
  'a worker’s mix': async (client, request) => {
    for (let index = 0; index < 10; index++) await request(() => workOn(client, index));
  },
};

let seen = 0;

/** None of them was asked for before. */
function newKeys() {
  seen += 200;
  return Array.from({ length: 200 }, (_, index) => `user:${seen + index}:profile`);
}

/** Ten commands, of which three are alike. */
async function workOn(client, id) {
  await client.get(`job:${id}`);
  await client.set(`job:${id}:state`, 'active');
  for (let index = 0; index < 3; index++) await client.get(`user:${id}${index}`);
  await client.incr('stats:jobs');
  await client.expire('stats:jobs', 60);
  await client.set(`result:${id}`, 'done', { EX: 60 });
  await client.publish('jobs', 'done');
  await client.del(`job:${id}`);
}

/** Those in which each run has a parent of its own. */
const IN_PARENT = ['200 GETs in one parent', 'a worker’s mix'];

const COMMANDS = { '200 GETs in one parent': 200, 'MGET of 200 keys': 10 };

const commandsOf = (shape) => COMMANDS[shape] ?? COMMANDS_PER_RUN;

module.exports = { commandsOf, IN_PARENT, SHAPES };
