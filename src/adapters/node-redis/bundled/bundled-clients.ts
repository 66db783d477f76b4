// Knows: which clients that no hook knows have connected, and when they are forgotten.
// Must not know: diagnostics channels, commands.
import type { ClientRef } from '../../../core/events';

/** More than a process has connections. One that is forgotten is not recorded any more. */
export const MAX_CLIENTS = 1_000;

/** A client that no hook of ours knows, and the `connect()` that made it known. */
export interface BundledClient extends ClientRef {
  readonly connection: object;
}

/** Clients by their id. Not each of them says goodbye: one may lose its connection, and nobody may look then. */
export class BundledClients {
  private readonly known = new Map<string, BundledClient>();
  /** Those that lost their connection, and may get another. */
  private readonly lost = new Set<string>();

  get size(): number {
    return this.known.size;
  }

  has(id: string): boolean {
    return this.known.has(id);
  }

  /** One that is at work. */
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

  /** Not every failed `connect()` is the end of a client: one that is connected refuses a second. */
  giveUp(id: string, connection: object): void {
    if (this.known.get(id)?.connection === connection) this.forget(id);
  }
}
