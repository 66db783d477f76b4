// Knows: how often a call or a batch is sent again.
// Must not know: what a call is, how it ends, spans, metrics.
import { type Redirection, Resends } from '../../core/resends';

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
