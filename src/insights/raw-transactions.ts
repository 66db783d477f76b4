// Knows: which connections are inside a transaction that was sent as single raw commands.
// Must not know: batches made by the client's own API, the commands of a transaction.
import type { CommandRule } from '../catalog';
import type { ClientRef } from '../core/events';

const QUEUED = 'QUEUED';

/** Follows `sendCommand(['MULTI'])`. Replies come in order, so each reply shows the state of its connection. */
export class RawTransactions {
  private readonly open = new WeakSet<ClientRef>();
  /** Whether any raw transaction was ever begun. Until then no reply is checked. */
  isUsed = false;

  /** Whether a reply is not a value, because the command begins or ends a transaction, or is queued in one. */
  holds(client: ClientRef, { transaction }: CommandRule, reply: unknown): boolean {
    if (transaction !== undefined) {
      this.isUsed = true;
      if (transaction === 'begins') this.open.add(client);
      else this.open.delete(client);
      return true;
    }
    if (!this.open.has(client)) return false;
    if (reply === QUEUED || (ArrayBuffer.isView(reply) && String(reply) === QUEUED)) return true;
    this.open.delete(client);
    return false;
  }
}
