// Knows: who else records redis in this process, however it does so.
// Must not know: what becomes of a conflict, our own seams.
import type { ClientName } from '../../config';
import { findTracers } from './tracers';
import { Wraps } from './wraps';

/** Another instrumentation that records every command. */
export interface Other {
  /** The library whose commands it records. */
  readonly client: ClientName;
  /** Reads on with "is active". */
  readonly name: string;
  /** How its users switch off its part for redis; reads on with "or set …". */
  readonly remedy: string;
  /** Takes it off for good. undefined: nobody but its user can. */
  readonly evict?: () => void;
}

const REMEDY = 'leave it out of the list of instrumentations';

/** Everybody who records redis but us. */
export class Others {
  readonly wraps = new Wraps();

  /** As of now: some come late. */
  find(): Other[] {
    const tracers = findTracers();
    const wrapping = this.wraps.clients.map(
      (client): Other => ({
        client,
        name: `another OpenTelemetry instrumentation of ${client}`,
        remedy: REMEDY,
        evict: () => this.wraps.evict(client),
      }),
    );
    return wrapping.length === 0 ? tracers : [...wrapping, ...tracers];
  }
}
