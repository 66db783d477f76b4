// Knows: how a test waits for what it needs, on a machine of any speed.
// Must not know: what it waits for.
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { RedisServer } from './redis-server';

/** Below the limit of a test, so that it is said what did not come. */
const LIMIT_MS = 15_000;
const POLL_MS = 2;

/** Waits until something holds. Who waits in vain hears what for. */
export async function until(holds: () => unknown, what = String(holds)): Promise<void> {
  for (const deadline = Date.now() + LIMIT_MS; !(await holds()); await sleep(POLL_MS)) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
  }
}

/**
 * Until what the server had sent is received and dealt with, so that nothing more comes: what it answers now, it answers
 * after everything else has been written.
 */
export async function settled(server: Pick<RedisServer, 'request'>): Promise<void> {
  await server.request('PING');
  for (let turns = 0; turns < 3; turns++) await turn();
}
