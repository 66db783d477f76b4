// Knows: which instrumentation records redis in this process. There is one: two would double every span.
// Must not know: what it records.

/** What a process shares, even between two copies of this package: an application's bundle can hold one of its own. */
export interface Active {
  instrumentClient(client: unknown): void;
  process<T>(id: string | undefined, stream: string | undefined, run: () => T): T;
}

const ACTIVE = Symbol.for('opentelemetry-instrumentation-redis.active');
const holder = globalThis as { [ACTIVE]?: Active };

export function activeAdapters(): Active | undefined {
  return holder[ACTIVE];
}

/** False if another is active. */
export function claim(adapters: Active): boolean {
  holder[ACTIVE] ??= adapters;
  return holder[ACTIVE] === adapters;
}

export function release(adapters: Active): void {
  if (holder[ACTIVE] === adapters) delete holder[ACTIVE];
}
