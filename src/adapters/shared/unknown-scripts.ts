// Knows: that a client sends a script again, in the same turn and with its body, if the server does not know it.
// Must not know: which client, how the second attempt is recognised, spans.

/** Calls whose script the server did not know. They end if no second attempt follows. */
export class UnknownScripts<T> {
  private readonly waiting = new Map<T, NodeJS.Immediate>();

  /** Whether no call waits for its second attempt. */
  get isEmpty(): boolean {
    return this.waiting.size === 0;
  }

  /** @param giveUp called if no second attempt came */
  wait(call: T, giveUp: () => void): void {
    const stop = (): void => {
      this.waiting.delete(call);
      giveUp();
    };
    this.waiting.set(call, setImmediate(stop));
  }

  /** Returns the call whose second attempt has come; undefined: there is none. */
  take(isIt: (call: T) => boolean): T | undefined {
    for (const [call, giveUp] of this.waiting) {
      if (!isIt(call)) continue;
      clearImmediate(giveUp);
      this.waiting.delete(call);
      return call;
    }
    return undefined;
  }
}
