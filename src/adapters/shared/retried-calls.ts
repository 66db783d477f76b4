// Knows: that a client may send one call several times, to one node after another, and that the call ends once.
// Must not know: which client does so, spans.
import { type Redirection, Resends } from '../../core/resends';

/** An attempt that failed. */
export interface FailedAttempt {
  /** What the first attempt of the call began. */
  readonly begun: unknown;
  readonly error: unknown;
  /** Ends the call. @param error what the caller gets */
  end(error: unknown): void;
}

/** A client that sends calls again where nobody sees it, as one of its nodes shows it. */
export interface HiddenLoop {
  /** Returns whether it goes on after an attempt; otherwise it rejects the call with the same error. */
  goesOn(call: RetriedCall, error: unknown): boolean;
  /** The call went on, or ended. */
  left(call: RetriedCall): void;
}

/** A call that its client may send several times. */
export class RetriedCall {
  readonly startMonotonicMs = performance.now();
  /** Whether a node was found to send it to. */
  isSent = false;
  /** undefined: it was sent once. */
  resends: Resends | undefined;
  private failed: FailedAttempt | undefined;
  private loop: HiddenLoop | undefined;

  /** @param isHidden whether nobody sees its promise */
  constructor(readonly isHidden = false) {}

  /** Whether its last attempt has failed, and neither another one nor the end has followed. */
  get isWaiting(): boolean {
    return this.failed !== undefined;
  }

  /** Begins an attempt. Returns what the first one began; undefined: this is the first one. */
  goOn<T>(): T | undefined {
    const failed = this.leave();
    if (failed === undefined) return undefined;
    this.resends ??= new Resends();
    this.resends.add(redirectionOf(failed.error));
    return failed.begun as T;
  }

  /** An attempt failed. The client sends the call again, or rejects it, perhaps with another error. */
  fail(failed: FailedAttempt): void {
    this.failed = failed;
  }

  /** An attempt failed at a node of this loop. Returns whether the loop goes on; otherwise the call has ended. */
  failAt(loop: HiddenLoop | undefined, failed: FailedAttempt): boolean {
    this.failed = failed;
    this.loop = loop;
    if (loop?.goesOn(this, failed.error) === true) return true;
    this.end(failed.error);
    return false;
  }

  /** No other attempt follows. */
  end(error: unknown): void {
    this.leave()?.end(error);
  }

  private leave(): FailedAttempt | undefined {
    const { failed, loop } = this;
    this.failed = undefined;
    this.loop = undefined;
    loop?.left(this);
    return failed;
  }
}

/** The calls of all clients that may send one to several nodes. */
export class RetriedCalls {
  private sending: RetriedCall | undefined;
  /** Calls of hidden loops, by their list of arguments: the same object in each attempt, perhaps of several calls. */
  private readonly hidden = new WeakMap<object, RetriedCall[]>();

  /** Whether an attempt of a call is being sent. */
  get isSending(): boolean {
    return this.sending !== undefined;
  }

  /** Runs the function that sends an attempt, synchronously. @param call undefined: nothing is recorded of it */
  send(call: RetriedCall | undefined, run: (...args: never[]) => unknown, args: IArguments): unknown {
    const outer = this.sending;
    this.sending = call;
    if (call !== undefined) call.isSent = true;
    try {
      return run.apply(undefined, args as never);
    } finally {
      this.sending = outer;
    }
  }

  /** The call to which the attempt belongs that is being sent; undefined: it is the first, as far as is known. */
  of(list: object): RetriedCall | undefined {
    if (this.sending !== undefined) return this.sending;
    const calls = this.hidden.get(list);
    let call = calls?.shift();
    while (call?.isWaiting === false) call = calls?.shift();
    return call;
  }

  /** An attempt failed, which ends its call unless the client goes on. @param loop of the node where it failed */
  fail(list: object, call: RetriedCall | undefined, loop: HiddenLoop | undefined, failed: FailedAttempt): void {
    if (call?.isHidden === false) {
      call.fail(failed);
      return;
    }
    const hidden = call ?? new RetriedCall(true);
    if (hidden.failAt(loop, failed)) this.hide(list, hidden);
  }

  private hide(list: object, call: RetriedCall): void {
    const calls = this.hidden.get(list) ?? [];
    calls.push(call);
    this.hidden.set(list, calls);
  }
}

/**
 * What a node of a cluster answered instead; undefined: anything else.
 * @param error of a pipeline, ioredis has a copy
 */
export function redirectionOf(error: unknown): Redirection | undefined {
  const text = messageOf(error);
  if (text.startsWith('MOVED ')) return 'MOVED';
  return text.startsWith('ASK ') ? 'ASK' : undefined;
}

/** Whether the server does not know a script: the client sends it again, as a whole. */
export function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && messageOf(error).startsWith('NOSCRIPT');
}

/** Empty if there is none: an error of the application may have anything in its place. */
function messageOf(error: unknown): string {
  const text = (error as { readonly message?: unknown } | null | undefined)?.message;
  return typeof text === 'string' ? text : '';
}
