// Knows: that a test file ends what it has started: clients, servers, processes, timers.
// Must not know: what the files start.
import type { Suite } from 'mocha';
import { until } from './waiting';

/** What keeps this process alive, but for the limit that mocha sets the hook that looks. */
function leftovers(): string[] {
  const open = process.getActiveResourcesInfo().filter((name) => /^(TCP|Process|Worker|MessagePort|Timeout)/.test(name));
  const own = open.indexOf('Timeout');
  return open.filter((_, index) => index !== own);
}

/** A client that connects over and over has neither a timer nor a socket for a moment. */
const LOOKS = 5;

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
