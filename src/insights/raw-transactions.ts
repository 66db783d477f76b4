// Knows: which connections are inside a transaction that was sent word by word, and that its commands are only queued.
// Must not know: batches of the client's own, what is in a transaction.
import type { CommandRule } from '../catalog';
import type { ClientRef } from '../core/events';

const QUEUED = 'QUEUED';

/** `sendCommand(['MULTI'])` and what follows. Replies come in order, so each tells where the connection is. */
export class RawTransactions {
  private readonly open = new WeakSet<ClientRef>();
  /** Somebody did so: where nobody ever did, no reply is looked at. */
  isUsed = false;

  /** Whether a reply is no value: the command begins or ends a transaction, or waits for its end. */
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
