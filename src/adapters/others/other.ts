// Knows: what is known of another instrumentation.
// Must not know: how it is found, what becomes of it.
import type { ClientName } from '../../config';

/** Another instrumentation that records every command. */
export interface Other {
  /** The library whose commands it records. */
  readonly client: ClientName;
  /** A subject for "is active". */
  readonly name: string;
  /** How users switch off its part for redis; continues "or set …". */
  readonly remedy: string;
  /** Removes its patches permanently. undefined: only the user can do so. */
  readonly unwrap?: () => void;
}
