// Knows: all paths, in the order in which they run.
import { BATCHES } from './batches';
import { CLIENTS } from './clients';
import { IOREDIS } from './ioredis';
import type { Path } from './path';
import { SCRIPTS } from './scripts';
import { SINGLE_COMMANDS } from './single';

export type { ExpectedSpan, Path } from './path';

/** Every way in which a command can reach a server. */
export const PATHS: readonly Path[] = [...SINGLE_COMMANDS, ...SCRIPTS, ...BATCHES, ...CLIENTS, ...IOREDIS];

/** Those in which versions of one major differ. */
export const CORE_PATHS: readonly Path[] = [...SCRIPTS, ...IOREDIS];
