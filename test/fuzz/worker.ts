// Knows: how a process of its own plays the scenarios that it is sent.
// Must not know: whether we are in it, what is compared.
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
  /** Warnings and errors that we wrote through diag, and spans left open. */
  readonly complaints: readonly string[];
}

type Around = (setting: Setting, body: () => Promise<Transcript>) => Promise<Played>;

export function serve(around: Around): void {
  process.on('message', async ({ version, server, flavour, steps, setting }: Task) => {
    const address = { ...server, request: (...args: (string | number)[]) => request(server, ...args) };
    const played = await around(setting, () => play(version, address, flavour, steps));
    // Who asked may be gone: that is no failure.
    process.send?.(played, undefined, undefined, () => {});
  });
  // Without a parent there is nobody to play for.
  process.on('disconnect', () => process.exit());
  process.send?.('ready');
}
