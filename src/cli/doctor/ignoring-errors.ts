// Knows: that the probe must not affect the program.
// Must not know: what the probe does.

/** Runs code that only observes. If it fails, less is seen. */
export function ignoringErrors(look: () => void): void {
  try {
    look();
  } catch {
    // The doctor reports what it could see.
  }
}
