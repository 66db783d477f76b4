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
  'MULTI of 3 while cold': (client) => client.multi().get('user:7').set('user:7:seen', '1').get('user:7:profile').exec(),
  'MGET of 200 new keys': (client) => tenTimes(() => client.mGet(keys(200, newId))),
  'MGET of 200 new UUIDs': (client) => tenTimes(() => client.mGet(keys(200, newUuid))),
  'MGET of 200 known keys': (client) => tenTimes(() => client.mGet(KNOWN)),
  'MGET of 200 missing keys': (client) => tenTimes(() => client.mGet(keys(200, newMissing))),
  'MSET of 200 keys': (client) => tenTimes(() => client.mSet(keys(200, newId).map((key) => [key, VALUE]))),
  'MGET of 50000 keys': (client) => client.mGet(keys(50_000, newId)),
  '200 GETs in one parent': (client, request) =>
    request(async () => {
      for (let index = 0; index < 200; index++) await client.get(`user:${index}:profile`);
    }),
  'a worker’s mix': async (client, request) => {
    for (let index = 0; index < 10; index++) await request(() => workOn(client, index));
  },
};

async function tenTimes(call) {
  for (let index = 0; index < 10; index++) await call();
}

const keys = (count, make) => Array.from({ length: count }, make);

let seen = 0;

/** None of them was asked for before. */
const newId = () => `user:${seen++}:profile`;
const newMissing = () => `missing:${seen++}:profile`;
/** Only its first digits change: making them must not cost more than asking for them. */
const newUuid = () => {
  const digits = (Math.imul(++seen, 0x9e3779b1) >>> 0).toString(16).padStart(8, '0');
  return `session:${digits}-8f3b-4c1d-a5e6-0b9d27f1c384`;
};
const VALUE = 'v'.repeat(16);
const KNOWN = keys(200, newId);

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

const COMMANDS = { '200 GETs in one parent': 200, 'MULTI of 3 while cold': 3, 'MGET of 50000 keys': 1 };

const commandsOf = (shape) => COMMANDS[shape] ?? (/^M(?:GET|SET) of 200 /.test(shape) ? 10 : COMMANDS_PER_RUN);

module.exports = { commandsOf, IN_PARENT, SHAPES };
