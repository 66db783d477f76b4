// Knows: that a test file ends what it has started: clients, servers, processes.
// Must not know: what the files start.
import type { Suite } from 'mocha';
import { until } from './waiting';

/** Not timers: a pool of node-redis that was closed while it was in use leaves one of a minute, which does nothing. */
function leftovers(): string[] {
  return process.getActiveResourcesInfo().filter((name) => /^(TCP|Process|Worker|MessagePort)/.test(name));
}

/** A client that connects over and over has no socket for moments. */
const LOOKS = 20;

/** A file that leaves something disturbs the ones after it, as a client does that connects for ever to a server that is gone. */
function endsWhatItStarted(suite: Suite): void {
  suite.afterAll('leaves nothing open', async () => {
    let quiet = 0;
    const isQuiet = (): boolean => {
      quiet = leftovers().length === 0 ? quiet + 1 : 0;
      return quiet >= LOOKS;
    };
    await until(isQuiet).catch(() => {
      throw new Error(`${suite.title} leaves open: ${leftovers().join(', ')}`);
    });
  });
}

export const mochaHooks = {
  beforeAll(this: { readonly test?: { readonly parent?: Suite } }): void {
    for (const suite of this.test?.parent?.suites ?? []) endsWhatItStarted(suite);
  },
};
