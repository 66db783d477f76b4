// Knows: how a reply or a failure is written down, so that two of them can be compared.
// Must not know: where it came from.
import { inspect } from 'node:util';

/** How a call ended: with a value, a rejection or an exception. */
export async function outcomeOf(start: () => unknown): Promise<string> {
  let result: unknown;
  try {
    result = start();
  } catch (error) {
    return `thrown ${describe(error)}`;
  }
  try {
    return describe(await result);
  } catch (error) {
    return `rejected with ${describe(error)}`;
  }
}

/** Errors by class, message and what else they carry; stacks differ by nature. */
export function describe(value: unknown): string {
  if (value instanceof Error) {
    const own = Object.entries(value).map(([name, held]) => `${name}=${describe(held)}`);
    return [`${value.constructor.name}: ${value.message}`, ...own].join(' ');
  }
  if (Array.isArray(value)) return `[${value.map(describe).join(', ')}]`;
  return inspect(value, { depth: 6, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 200 });
}
