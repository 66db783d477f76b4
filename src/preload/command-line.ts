// Knows: how the command line of Node.js and NODE_OPTIONS name files to preload.
// Must not know: what is in the files.

const FLAGS = ['--require', '-r', '--import'];

/**
 * Returns the names of preloaded files, as they were given.
 * @param flags the arguments of Node.js itself: `process.execArgv`
 */
export function preloadsOf(flags: readonly string[], nodeOptions = ''): string[] {
  return [...wordsOf(nodeOptions), ...flags].flatMap((word, index, words) => {
    if (FLAGS.includes(word)) return words[index + 1] ?? [];
    const flag = FLAGS.find((one) => word.startsWith(`${one}=`));
    return flag === undefined ? [] : word.slice(flag.length + 1);
  });
}

/** Node.js splits NODE_OPTIONS at spaces outside double quotes. A backslash inside them escapes the next character. */
function wordsOf(options: string): string[] {
  const words = options.match(/(?:"(?:\\.|[^"\\])*"|[^\s"])+/g) ?? [];
  return words.map((word) =>
    word.replace(/"((?:\\.|[^"\\])*)"/g, (_quoted, text: string) => text.replace(/\\(.)/g, '$1')),
  );
}
