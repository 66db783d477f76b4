// Knows: which other instrumentations record redis in this process, by any means.
// Must not know: what happens in a conflict, our own seams.
import type { Other } from './other';
import { findTracers } from './tracers';
import { Wraps } from './wraps';

const REMEDY = 'leave it out of the list of instrumentations';

/** All other instrumentations that record redis. */
export class Others {
  readonly wraps = new Wraps();

  /** The current ones: some are active later than others. */
  find(): Other[] {
    const tracers = findTracers();
    const wrapping = this.wraps.clients.map(
      (client): Other => ({
        client,
        name: `another OpenTelemetry instrumentation of ${client}`,
        remedy: REMEDY,
        unwrap: () => this.wraps.unwrap(client),
      }),
    );
    return wrapping.length === 0 ? tracers : [...wrapping, ...tracers];
  }
}
