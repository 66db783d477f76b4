// Knows: how a test waits for what it needs, on a machine of any speed.
// Must not know: what it waits for.
import assert from 'node:assert/strict';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { RedisServer } from './redis-server';

/** Below the limit of a test: it is said what did not come. */
const LIMIT_MS = 60_000;
const POLL_MS = 2;

/** Waits until something holds. Who waits in vain hears what for. */
export async function until(holds: () => unknown, what = String(holds)): Promise<void> {
  for (const deadline = Date.now() + LIMIT_MS; !(await holds()); await sleep(POLL_MS)) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
  }
}

/** Waits until what is read is what is expected. Who waits in vain sees the difference. */
export async function untilEqual<T>(read: () => T | Promise<T>, expected: T): Promise<void> {
  let actual: T | undefined;
  const isEqual = async (): Promise<boolean> => {
    actual = await read();
    return isDeepStrictEqual(actual, expected);
  };
  await until(isEqual).catch(() => {});
  assert.deepEqual(actual, expected);
}

/** Waits until a command waits at the server. */
export function blocked(server: Pick<RedisServer, 'request'>): Promise<void> {
  return until(async () => /blocked_clients:[1-9]/.test(String(await server.request('INFO', 'clients'))), 'a command that blocks');
}

/** Something that is not done before the test says so. */
export interface Held {
  readonly done: Promise<void>;
  release(): void;
}

export function held(): Held {
  let release = (): void => {};
  const done = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { done, release };
}

/**
 * Until what the server had sent is received and dealt with, so that nothing more comes: what it answers now, it answers
 * after everything else has been written.
 */
export async function settled(server: Pick<RedisServer, 'request'>): Promise<void> {
  await server.request('PING');
  for (let turns = 0; turns < 3; turns++) await turn();
}

/** How many turns a promise takes to settle, from when `begin` is called. */
export async function turnsOf(call: (begin: () => void) => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isSettled = false;
  const count = async (): Promise<void> => {
    for (; !isSettled; turns++) await undefined;
  };
  const settle = (): void => {
    isSettled = true;
  };
  await call(() => void count()).then(settle, settle);
  return turns;
}
