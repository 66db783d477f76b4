// Knows: which instrumentation records redis in this realm. There is one: two would double every span.
// Must not know: what it records.
import { untilOver } from './realm';

/** What a realm shares, even between two copies of this package: an application's bundle can hold one of its own. */
export interface Active {
  instrumentClient(client: unknown): void;
  process<T>(id: string | undefined, stream: string | undefined, run: () => T): T;
}

const ACTIVE = Symbol.for('opentelemetry-instrumentation-redis.active');
/** In a box: a test runner wears out what it finds on a global object. */
const holder = globalThis as { [ACTIVE]?: { readonly adapters?: Active } };

export function activeAdapters(): Active | undefined {
  return holder[ACTIVE]?.adapters;
}

/**
 * False if another is active.
 * @param over called where the realm is over, as that of a test file is before its process
 */
export function claim(adapters: Active, over: () => void): boolean {
  holder[ACTIVE] ??= untilOver({ adapters }, over);
  return holder[ACTIVE].adapters === adapters;
}

export function release(adapters: Active): void {
  if (activeAdapters() === adapters) delete holder[ACTIVE];
}
