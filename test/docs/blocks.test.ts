import assert from 'node:assert/strict';
import { type RedisServer, startStandalone } from '../../scripts/redis-server.mjs';
import { type Receiver, startReceiver } from '../packaging/receiver';
import { type Block, pages } from './markdown';
import { RUNNERS, type Surroundings } from './runners';

/** Output and pictures in letters, which nobody runs. */
const PROSE = ['text', ''];

describe('the code of the documentation', () => {
  let redis: RedisServer;
  let receiver: Receiver;

  before(async () => {
    redis = await startStandalone();
    receiver = await startReceiver();
  });
  after(async () => {
    await receiver.stop();
    await redis.stop();
  });

  // What the page of an example says to run is run in test/examples, with what must come of it.
  const documents = pages().filter(({ path }) => !/^examples\/./.test(path));
  const blocks = documents.flatMap((page) => page.blocks);
  const code = blocks.filter(({ language }) => !PROSE.includes(language));

  it('is in languages that are run here, and exists', () => {
    assert.ok(code.length > 0);
    assert.deepEqual(
      code.filter(({ language }) => RUNNERS[language] === undefined).map(({ where, language }) => `${where}: ${language}`),
      [],
    );
  });

  it('differs from output by its language', () => {
    const looksLikeCommands = ({ language, code: text }: Block) => PROSE.includes(language) && /^(\$ )?(npm|npx|node) /m.test(text);
    assert.deepEqual(
      blocks.filter(looksLikeCommands).map(({ where }) => where),
      [],
    );
  });

  for (const block of distinct(code)) {
    it(`runs ${block.where} (${block.language})`, async () => {
      const surroundings: Surroundings = { redisUrl: redis.url, receiver };
      await RUNNERS[block.language]?.(block, surroundings);
    });
  }
});

/** What several pages say is run once, in the name of all. */
function distinct(blocks: readonly Block[]): Block[] {
  const byText = new Map<string, Block>();
  for (const block of blocks) {
    const text = [block.language, ...block.directives, block.code].join('\n');
    const same = byText.get(text);
    byText.set(text, same === undefined ? block : { ...same, where: `${same.where}, ${block.where}` });
  }
  return [...byText.values()];
}
