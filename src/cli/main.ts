#!/usr/bin/env node
// Knows: the sub-commands, and how a command line is read.
// Must not know: what a sub-command does with the program it is given.
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { PACKAGE_NAME, PACKAGE_VERSION } from '../version';
import { EXIT, type Options, type Program, type SubCommand, UsageError } from './command';
import { doctor } from './doctor';
import { view } from './view';

const COMMANDS: ReadonlyMap<string, SubCommand> = new Map([
  ['doctor', doctor],
  ['view', view],
]);

/** Options of every sub-command. */
const COMMON = { help: { type: 'boolean', short: 'h' } } as const;

interface CommandLine {
  readonly options: Options;
  readonly program: Program | undefined;
}

async function main([name = '--help', ...args]: readonly string[]): Promise<number> {
  if (['help', '--help', '-h'].includes(name)) return print(usage());
  if (name === '--version') return print(PACKAGE_VERSION);
  try {
    const command = COMMANDS.get(name);
    if (command === undefined) throw new UsageError(`there is no command ${JSON.stringify(name)}`);
    const { program, options } = read(args, command);
    if (options.help === true) return print(usage());
    if (program !== undefined) return await command.run(program, options);
    if (command.runAlone !== undefined) return await command.runAlone(options);
    throw new UsageError('which program? It goes after --, for example -- node app.js');
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${usage()}`);
    return EXIT.usage;
  }
}

/** Our options are those before `--`, or before the first word that is not an option: PowerShell removes the `--`. */
function read(args: readonly string[], command: SubCommand): CommandLine {
  const options = { ...COMMON, ...command.options };
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const first = tokens.find(({ kind }) => kind !== 'option');
  const [file, ...rest] =
    first === undefined ? [] : args.slice(first.kind === 'positional' ? first.index : first.index + 1);
  return {
    options: strictly(args.slice(0, first?.index), options),
    program: file === undefined ? undefined : [file, ...rest],
  };
}

function strictly(args: readonly string[], options: ParseArgsConfig['options']): Options {
  try {
    return parseArgs({ args: [...args], options }).values as Options;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function usage(): string {
  const lines = [`${PACKAGE_NAME} <command> [options] -- <program> [arguments]`, ''];
  for (const [name, { summary, options }] of COMMANDS) {
    lines.push(`  ${name.padEnd(20)} ${summary}`);
    for (const [option, { type, summary: effect }] of Object.entries(options)) {
      lines.push(`    ${`--${option}${type === 'string' ? ' <value>' : ''}`.padEnd(18)} ${effect}`);
    }
  }
  lines.push('', '  --help, --version    this text, the version of this package');
  return lines.join('\n');
}

function print(text: string): number {
  console.log(text);
  return EXIT.healthy;
}

// The reader may close the pipe early, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
