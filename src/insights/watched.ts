// Knows: which keys a client watches, and which of them were read with one of our tokens as value.
// Must not know: commands, what is done with the key afterwards.
import type { ClientRef } from '../core/events';

/** A client that watches more keys than this is not watching a lock. */
const MAX_KEYS = 16;

/** The watched keys of each connection, until its next transaction. */
export class WatchedKeys {
  private readonly byClient = new WeakMap<ClientRef, Map<number, boolean>>();
  /** Whether any client ever watched a key. Until then no value is compared. */
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
