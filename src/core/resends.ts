// Knows: how often a call was sent again before it ended, and why.
// Must not know: who sent it, what is recorded.

/** How a node of a cluster sends a call to another node. */
export type Redirection = 'MOVED' | 'ASK';

/** The attempts of one call after the first. An adapter counts them; recorders read them when the call has ended. */
export class Resends {
  private readonly redirected = { MOVED: 0, ASK: 0 };
  private total = 0;
  private last: Redirection | undefined;

  /** The call is sent again. @param redirection undefined: it was lost, or refused by what is no master any more */
  add(redirection?: Redirection): void {
    this.total += 1;
    if (redirection === undefined) return;
    this.redirected[redirection] += 1;
    this.last = redirection;
  }

  /** All of them, redirections or not. */
  get count(): number {
    return this.total;
  }

  /** The last redirection, if any was followed. */
  get redirection(): Redirection | undefined {
    return this.last;
  }

  /** Redirections of this kind; undefined: the attempts that no redirection caused. */
  countOf(redirection: Redirection | undefined): number {
    const { MOVED, ASK } = this.redirected;
    return redirection === undefined ? this.total - MOVED - ASK : this.redirected[redirection];
  }
}
