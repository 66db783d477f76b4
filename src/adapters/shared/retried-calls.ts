// Knows: that a client may send one call several times, to one node after another, and that the call ends once.
// Must not know: which client does so, spans.
import { type Redirection, Resends } from '../../core/resends';
import { Ambient } from './ambient';

/** An attempt that failed. */
export interface FailedAttempt {
  /** What the first attempt of the call began. */
  readonly begun: unknown;
  readonly error: unknown;
  /** Ends the call. @param error what the caller gets */
  end(error: unknown): void;
}

/** A client that sends redirected calls again where nobody sees it. It calls `giveUp` if it does not go on. */
export type HiddenLoop = (giveUp: () => void) => void;

/** A call that its client may send several times. */
export class RetriedCall {
  readonly startMonotonicMs = performance.now();
  /** Whether a node was found to send it to. */
  isSent = false;
  /** undefined: it was sent once. */
  resends: Resends | undefined;
  /** Its last attempt, if that has failed, and neither another one nor the end has followed. */
  private failed: FailedAttempt | undefined;

  /** @param isHidden whether nobody sees its promise */
  constructor(readonly isHidden = false) {}

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

  /** No other attempt follows. */
  end(error: unknown): void {
    this.leave()?.end(error);
  }

  private leave(): FailedAttempt | undefined {
    const { failed } = this;
    this.failed = undefined;
    return failed;
  }
}

/** The calls of all clients that may send one to several nodes. */
export class RetriedCalls {
  private readonly sending = new Ambient<RetriedCall>();
  /**
   * Calls of hidden loops, by their list of arguments: the same object in each attempt, perhaps of several calls. A
   * call that its loop gives up later is forgotten with its list.
   */
  private readonly hidden = new WeakMap<object, RetriedCall[]>();

  /** Whether an attempt of a call is being sent. */
  get isSending(): boolean {
    return this.sending.current !== undefined;
  }

  /** Runs the function that sends an attempt, synchronously. @param call undefined: nothing is recorded of it */
  send(call: RetriedCall | undefined, run: (...args: never[]) => unknown, args: IArguments): unknown {
    const outer = this.sending.enter(call);
    if (call !== undefined) call.isSent = true;
    try {
      return run.apply(undefined, args as never);
    } finally {
      this.sending.leave(outer);
    }
  }

  /** The call to which the attempt belongs that is being sent; undefined: it is the first, as far as is known. */
  of(list: object): RetriedCall | undefined {
    if (this.sending.current !== undefined) return this.sending.current;
    const calls = this.hidden.get(list);
    let call = calls?.shift();
    while (call?.isWaiting === false) call = calls?.shift();
    return call;
  }

  /** An attempt failed, which ends its call unless the client goes on. @param loop of the node where it failed */
  fail(list: object, call: RetriedCall | undefined, loop: HiddenLoop | undefined, failed: FailedAttempt): void {
    if (call?.isHidden === false) call.fail(failed);
    else if (loop === undefined || redirectionOf(failed.error) === undefined) failed.end(failed.error);
    else this.hide(list, call ?? new RetriedCall(true), loop, failed);
  }

  private hide(list: object, call: RetriedCall, loop: HiddenLoop, failed: FailedAttempt): void {
    call.fail(failed);
    const calls = this.hidden.get(list) ?? [];
    calls.push(call);
    this.hidden.set(list, calls);
    loop(() => call.end(failed.error));
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
