// Knows: where the files are that are preloaded into a program. It is in this folder because `build/cli/main.js` is one
// file: a path that is relative to a folder below would not be found from there.
// Must not know: which of them is preloaded when.

/** Paths of `build` or `src`, whichever runs. */
export const preloads = {
  hook: (): string => require.resolve('../hook'),
  probe: (): string => require.resolve('./doctor/probe'),
  view: (): string => require.resolve('../preload/view'),
} as const;
