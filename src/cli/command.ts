// Knows: the interface of every sub-command.
// Must not know: which sub-commands there are.
/** The user's own program, as it is started without us: a command and its arguments. */
export type Program = readonly [file: string, ...args: string[]];

export type Options = Readonly<Record<string, string | boolean | undefined>>;

/** The command line itself is wrong. */
export class UsageError extends Error {}

export interface SubCommand {
  /** One line of the usage text. */
  readonly summary: string;
  /** The options: each is a line of the usage text. */
  readonly options: Readonly<Record<string, { readonly type: 'string' | 'boolean'; readonly summary: string }>>;
  /** Resolves to the exit code. */
  run(program: Program, options: Options): Promise<number>;
  /** Runs without a program. If it is missing, a program is required. */
  runAlone?(options: Options): Promise<number>;
}

export const EXIT = { healthy: 0, unhealthy: 1, usage: 2 } as const;
