// Knows: that a function of others may be async by mistake.
// Must not know: which function, what its result is for.
import { types } from 'node:util';

/**
 * Handles the rejection of a function that should have returned a value: unhandled, it would end the process.
 * @param onRejected is told why
 */
export function handleRejection(result: unknown, onRejected: (error: unknown) => void = () => {}): void {
  if (types.isPromise(result)) result.then(undefined, onRejected);
}
