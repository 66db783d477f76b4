// Knows: what every sub-command of the command line is.
// Must not know: which there are.
/** The user's own program, as it is started without us: a command and its arguments. */
export type Program = readonly [file: string, ...args: string[]];

export type Options = Readonly<Record<string, string | boolean | undefined>>;

/** What is wrong with the command line itself. */
export class UsageError extends Error {}

export interface SubCommand {
  /** One line of the usage text. */
  readonly summary: string;
  /** Its options: each a line of the usage text. */
  readonly options: Readonly<Record<string, { readonly type: 'string' | 'boolean'; readonly summary: string }>>;
  /** Resolves to the exit code. */
  run(program: Program, options: Options): Promise<number>;
  /** The same where no program is named; without it, there must be one. */
  runAlone?(options: Options): Promise<number>;
}

export const EXIT = { healthy: 0, unhealthy: 1, usage: 2 } as const;
