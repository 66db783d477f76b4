// Knows: the calls of clusters and sentinels, which run a function on one node after another, and how such a call ends.
// Must not know: which group calls, how a command is followed, spans.
import type { ClientFacts } from '../../../core/events';
import type { Tap } from '../../../core/tap';
import { RetriedCall, RetriedCalls } from '../../shared/retried-calls';
import { recordUnsent } from './unsent';

/** Sends a call to a node, by one of the methods of its client. */
export type Run = (client: never, options?: unknown) => unknown;

export class GroupCalls {
  readonly retried = new RetriedCalls();

  /** @param isPart whether the function that is being called sends a part of a call that is recorded as a whole */
  constructor(
    private readonly tap: Tap,
    private readonly isPart: () => boolean,
  ) {}

  /** undefined: nothing is recorded of it. */
  begin(): RetriedCall | undefined {
    return this.tap.decide() === 'pass' ? undefined : new RetriedCall();
  }

  /** The call has ended, with the error that its caller gets. */
  reject(call: RetriedCall, run: Run, facts: ClientFacts, error: unknown): void {
    const { startMonotonicMs } = call;
    if (call.isSent) call.end(error);
    else recordUnsent(this.tap, run, { client: { facts }, startMonotonicMs, error }, this.isPart);
  }
}
