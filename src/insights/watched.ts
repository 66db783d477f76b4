// Knows: which keys a client watches, and that one of them was read and found to hold a token of ours.
// Must not know: commands, what is done with the key then.
import type { ClientRef } from '../core/events';

/** More keys are not watched for a lock. */
const MAX_KEYS = 16;

/** By connection, until its next transaction. */
export class WatchedKeys {
  private readonly byClient = new WeakMap<ClientRef, Map<number, boolean>>();
  /** Somebody watches: where nobody ever did, values are not looked at. */
  isUsed = false;

  watch(client: ClientRef, keys: readonly number[]): void {
    const watched = this.byClient.get(client) ?? new Map<number, boolean>();
    for (const key of keys) if (watched.size < MAX_KEYS) watched.set(key, false);
    this.byClient.set(client, watched);
    this.isUsed = true;
  }

  compare(client: ClientRef, key: number): void {
    const watched = this.byClient.get(client);
    if (watched?.has(key)) watched.set(key, true);
  }

  isCompared(client: ClientRef, key: number): boolean {
    return this.isUsed && this.byClient.get(client)?.get(key) === true;
  }

  end(client: ClientRef): void {
    if (this.isUsed) this.byClient.delete(client);
  }
}
