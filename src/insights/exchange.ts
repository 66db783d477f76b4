// Knows: what is read of one command that succeeded.
// Must not know: what follows from it.
import type { CommandRule, Entry } from '../catalog';
import { type Caller, callerIn } from '../core/context';
import type { Arguments, Command } from '../core/events';

/** A command that the catalog knows. */
export interface KnownEntry extends Entry {
  readonly rule: CommandRule;
}

/** What a command and its batch have in common: caller, time and client. */
export type SentCommand = Pick<
  Command,
  'client' | 'context' | 'isMasked' | 'startMonotonicMs' | 'startTimeMs' | 'traced'
>;

/** One command that succeeded, with its reply. */
export interface Exchange {
  readonly command: SentCommand;
  readonly endMonotonicMs: number;
  readonly entry: KnownEntry;
  readonly args: Arguments;
  readonly reply: unknown;
  /** Whether anybody reads what is only counted. */
  readonly isCounted: boolean;
  /** Use `callerOf`: it is looked up once, whatever the number of keys. */
  caller: Caller | undefined;
}

export function callerOf(exchange: Exchange): Caller | undefined {
  exchange.caller ??= callerIn(exchange.command.context);
  return exchange.caller;
}
