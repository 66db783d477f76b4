// Knows: how Node.js is told to preload files, on its command line and by NODE_OPTIONS.
// Must not know: what is in the files.

const FLAGS = ['--require', '-r', '--import'];

/**
 * The names of what is preloaded, as they were given.
 * @param flags those of the command line, each an argument: `process.execArgv`
 */
export function preloadsOf(flags: readonly string[], nodeOptions = ''): string[] {
  return [...wordsOf(nodeOptions), ...flags].flatMap((word, index, words) => {
    if (FLAGS.includes(word)) return words[index + 1] ?? [];
    const flag = FLAGS.find((one) => word.startsWith(`${one}=`));
    return flag === undefined ? [] : word.slice(flag.length + 1);
  });
}

/** Node.js splits NODE_OPTIONS at blanks, but for what is in double quotes; a backslash there takes the next as it is. */
function wordsOf(options: string): string[] {
  const words = options.match(/(?:"(?:\\.|[^"\\])*"|[^\s"])+/g) ?? [];
  return words.map((word) => word.replace(/"((?:\\.|[^"\\])*)"/g, (_quoted, text: string) => text.replace(/\\(.)/g, '$1')));
}
