// Knows: that a process can hold several JavaScript realms, as test runners create one for each file; which realm is
// ours, what it sees of the process, and when it ends.
// Must not know: redis, what is patched.
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';

/** Node's own modules belong to the realm in which the process began. */
export const isMainRealm = subscribe instanceof Function;

/** Whether an object was created in this realm. */
export function isOurs(value: unknown): boolean {
  return value instanceof Object;
}

/** A new realm publishes to this channel, to inform those before it. */
const BEGUN = 'opentelemetry-instrumentation-redis:realm';
/** Node's own channel: a socket is about to connect. */
const SOCKET = 'net.client.socket';

/**
 * Returns `value`, for the realm's global object. When jest is done with a test file, it clears the properties of
 * everything that the file put on the global object; nothing else shows the end. This came with version 30 and can be
 * switched off: see {@link Realm} for the other cases.
 */
export function untilOver<T extends object>(value: T, over: () => void): T {
  if (isMainRealm) return value;
  const taken = (): boolean => {
    over();
    return true;
  };
  return new Proxy(value, { deleteProperty: taken, defineProperty: taken });
}

/**
 * A realm other than the one in which the process began. Its subscriptions would outlive it and keep it in memory, so
 * it ends when the next one begins. A test runner has one at a time.
 */
export class Realm {
  private readonly listeners: readonly (readonly [string, (message: unknown) => void])[];

  /**
   * @param over called when another realm has replaced ours
   * @param connecting called when anything in the process is about to connect. A test runner loads modules itself,
   *   which no hook sees; this is the last moment to find them
   */
  constructor(over: () => void, connecting: () => void) {
    this.listeners = [
      [BEGUN, (message) => isOurs(message) || over()],
      [SOCKET, connecting],
    ];
  }

  enter(): void {
    channel(BEGUN).publish({});
    if (isMainRealm) return;
    for (const listener of this.listeners) subscribe(...listener);
  }

  leave(): void {
    for (const listener of this.listeners) unsubscribe(...listener);
  }
}
