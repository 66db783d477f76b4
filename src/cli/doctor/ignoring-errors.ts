// Knows: that the program must not notice the probe.
// Must not know: what the probe does.

/** Runs what only looks. If it fails, less is seen. */
export function ignoringErrors(look: () => void): void {
  try {
    look();
  } catch {
    // The doctor says what it could see.
  }
}
