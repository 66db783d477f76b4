// Knows: what the application does with redis. Every shape runs 100 commands.
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
};

module.exports = { COMMANDS_PER_RUN, SHAPES };
