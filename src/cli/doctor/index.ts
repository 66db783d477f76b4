// Knows: the order of a visit: run the program, read what the probe saw, say what it means.
// Must not know: how the probe sees it.
import { EXIT, type SubCommand } from '../command';
import { start } from '../program';

export const doctor: SubCommand = {
  summary: 'runs a program briefly, and says whether its Redis commands are traced, or why not',
  options: {},
  async run(program) {
    const started = await start(program, require.resolve('./probe'), {});
    await started.ended;
    return EXIT.healthy;
  },
};
