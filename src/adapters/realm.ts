// Knows: that a process can hold several realms of JavaScript, as test runners make one for each file; which is ours,
// what it sees of the process, and when it is over.
// Must not know: redis, what is patched.
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';

/** Node's own modules are of the realm in which the process began. */
export const isMainRealm = subscribe instanceof Function;

/** Whether an object was made in this realm. */
export function isOurs(value: unknown): boolean {
  return value instanceof Object;
}

/** A realm in which we begin tells so to those before it. */
const BEGUN = 'opentelemetry-instrumentation-redis:realm';
/** Node's own: a socket is about to connect. */
const SOCKET = 'net.client.socket';

/**
 * `value`, for the realm's global object. jest takes away the properties of whatever a test file has put there when it
 * is done with the file, and nothing else says that it is. That can be switched off, and came with version 30: see
 * {@link Realm} for the rest.
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
 * A realm other than that in which the process began. What it subscribes to would outlive it, and keep it in memory; so
 * it gives way to the next that begins. A test runner has one at a time.
 */
export class Realm {
  private readonly listeners: readonly (readonly [string, (message: unknown) => void])[];

  /**
   * @param over called when another realm has taken the place of ours
   * @param connecting called when anything in the process is about to connect. A test runner loads modules by itself, and
   * no hook is told; now is the last moment to look at what it has loaded
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
