// Knows: how a process of its own plays the scenarios that it is sent.
// Must not know: whether we are in it, what is compared.
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from '../../scripts/resp.mjs';
import type { Version } from '../support/versions';
import { play, type Transcript } from './player';
import type { Scenario, Setting } from './scenario';

export interface Task extends Scenario {
  readonly version: Version;
  readonly server: { readonly host: string; readonly port: number };
}

export interface Played extends Transcript {
  readonly spans: number;
  /** Warnings and errors that we wrote through diag, and spans left open; or why there is nothing to compare. */
  readonly complaints: readonly string[];
}

type Around = (setting: Setting, body: () => Promise<Transcript>) => Promise<Played>;

/** A scenario has a dozen steps of milliseconds, of which one may have to run out of patience. */
const LIMIT_MS = 60_000;

export function serve(around: Around): void {
  process.on('message', async ({ version, server, flavour, steps, setting }: Task) => {
    const played = await Promise.race([
      around(setting, () => play(version, addressOf(server), flavour, steps)).catch((error: Error) => broken(String(error.stack))),
      sleep(LIMIT_MS, broken('it never ended'), { ref: false }),
    ]);
    // Who asked may be gone: that is no failure.
    process.send?.(played, undefined, undefined, () => {});
  });
  // Without a parent there is nobody to play for.
  process.on('disconnect', () => process.exit());
  process.send?.('ready');
}

/** What the player asks the server by itself is asked again on a machine that is too busy to answer. */
function addressOf(server: Task['server']) {
  const ask = (attempts: number, args: (string | number)[]): ReturnType<typeof request> =>
    request(server, ...args).catch((error: Error) => {
      if (attempts > 0 && /no reply|connection closed/.test(error.message)) return ask(attempts - 1, args);
      throw error;
    });
  return { ...server, request: (...args: (string | number)[]) => ask(5, args) };
}

function broken(complaint: string): Played {
  return { lines: [], isStuck: true, spans: 0, complaints: [complaint] };
}
