// Knows: which clients have connected that no hook knows, and when they are forgotten.
// Must not know: diagnostics channels, commands.
import type { ClientRef } from '../../../core/events';

/** More than the connections of a usual process. A forgotten client is no longer recorded. */
export const MAX_CLIENTS = 1_000;

/** A client that no hook of ours knows; it became known by its `connect()`. */
export interface BundledClient extends ClientRef {
  readonly connection: object;
}

/** Clients by their id. A client may lose its connection without an event that we see, so the number is bounded. */
export class BundledClients {
  private readonly known = new Map<string, BundledClient>();
  /** Clients that lost their connection and may reconnect. */
  private readonly lost = new Set<string>();

  get size(): number {
    return this.known.size;
  }

  has(id: string): boolean {
    return this.known.has(id);
  }

  /** Returns a client that is in use. */
  get(id: string): BundledClient | undefined {
    if (this.lost.size > 0) this.lost.delete(id);
    return this.known.get(id);
  }

  add(id: string, client: BundledClient): void {
    this.known.set(id, client);
    if (this.known.size <= MAX_CLIENTS) return;
    const [oldest] = this.lost.size > 0 ? this.lost : this.known.keys();
    if (oldest !== undefined) this.forget(oldest);
  }

  lose(id: string): void {
    if (this.known.has(id)) this.lost.add(id);
  }

  forget(id: string): void {
    this.known.delete(id);
    this.lost.delete(id);
  }

  /** Not every failed `connect()` ends a client: a connected client refuses a second one. */
  giveUp(id: string, connection: object): void {
    if (this.known.get(id)?.connection === connection) this.forget(id);
  }
}
