// Knows: which copies of a library were reached from a client, because they are in a bundle that no hook sees.
// Must not know: what is patched in them.
import type { Report } from '../core/recorder';
import { ioredisCopyOf } from './ioredis/bundled';
import { copyOf } from './node-redis/bundled/client';
import type { Taps } from './taps';

type OnLoad = (module: string, file: string | undefined, moduleExports: unknown, version: string | undefined) => void;

/** Patches the copy that a client comes from, once. */
export class ReachedCopies {
  private readonly reached = new WeakSet<object>();

  constructor(
    private readonly taps: Taps,
    private readonly onLoad: OnLoad,
    private readonly report: Report,
  ) {}

  instrument(client: unknown): void {
    try {
      const files = copyOf(client) ?? ioredisCopyOf(client);
      if (files === undefined) {
        this.report(
          'instrumentClient was not given a client of redis 2, 3, 5 or 6 or of ioredis; nothing is changed: ' +
            'leave redis 4 out of the bundle',
        );
        return;
      }
      for (const { module, version, file, moduleExports } of files) {
        const [exported] = Object.values(moduleExports) as [object];
        if (this.reached.has(exported)) continue;
        this.reached.add(exported);
        this.onLoad(module, file, moduleExports, version);
      }
      this.taps.channels.leave(client as object);
    } catch (error) {
      this.report('a client could not be instrumented', error);
    }
  }
}
