// Knows: which instrumentation records redis in this realm. Only one may: two would record every span twice.
// Must not know: what it records.
import { untilOver } from './realm';

/** The object that a realm shares, even between two copies of this package: a bundle can contain a copy of its own. */
export interface Active {
  instrumentClient(client: unknown): void;
  process<T>(id: string | undefined, stream: string | undefined, run: () => T): T;
}

const ACTIVE = Symbol.for('opentelemetry-instrumentation-redis.active');
/** The value is wrapped in an object: a test runner clears the properties of values on the global object. */
const holder = globalThis as { [ACTIVE]?: { readonly adapters?: Active } };

export function activeAdapters(): Active | undefined {
  return holder[ACTIVE]?.adapters;
}

/**
 * Returns false if another instrumentation is active.
 * @param over called when the realm ends, as that of a test file does before its process
 */
export function claim(adapters: Active, over: () => void): boolean {
  holder[ACTIVE] ??= untilOver({ adapters }, over);
  return holder[ACTIVE].adapters === adapters;
}

export function release(adapters: Active): void {
  if (activeAdapters() === adapters) delete holder[ACTIVE];
}
