// Knows: how often a call or a batch is sent again, and which redirection of a cluster is being followed.
// Must not know: what a call is, how it ends, spans, metrics.
import { type Redirection, Resends } from '../../core/resends';

/** The redirection that a cluster follows now. It sends the call again while it handles the error. */
export class Redirecting {
  current: Redirection | undefined;

  run<T>(redirection: Redirection | undefined, call: () => T): T {
    const before = this.current;
    this.current = redirection;
    try {
      return call();
    } finally {
      this.current = before;
    }
  }
}

/** What may be sent several times. */
export abstract class Attempted {
  /** undefined: it was sent once at most. */
  protected resends: Resends | undefined;
  private isSent = false;

  /** @param isWritten otherwise it waits for a connection, and passes again */
  protected attempt(isWritten: boolean, redirection: Redirection | undefined): void {
    if (!this.isSent) this.isSent = isWritten;
    else if (isWritten || redirection !== undefined) {
      this.resends ??= new Resends();
      this.resends.add(redirection);
      this.isSent = isWritten;
    }
  }

  /** What is sent next belongs to the attempt before. */
  protected continueAttempt(): void {
    this.isSent = false;
  }
}
