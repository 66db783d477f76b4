// Knows: what becomes of a conflict with somebody else who records redis.
// Must not know: how the others are seen, our own seams.
import type { ClientName, ConflictMode } from '../../config';
import type { ConnectionRecorder, Report } from '../../core/recorder';
import type { Other } from './index';

/** What a conflict is settled with. */
export interface Sides {
  /** As of now: some come late. */
  findOthers(): readonly Other[];
  isRecorded(client: ClientName): boolean;
  /** Records a library no more, which another records. */
  leave(client: ClientName): void;
}

export class Conflicts {
  /** What to do about another instrumentation of redis. */
  mode: ConflictMode = 'takeover';

  constructor(
    private readonly sides: Sides,
    private readonly report: Report,
  ) {}

  /**
   * Settles a conflict as the option says. Asked at every file, for what wraps after us is seen at the next; and at
   * every client, for what listens to channels may begin to at any time.
   */
  settle(): void {
    const others = this.sides.findOthers().filter(({ client }) => this.sides.isRecorded(client));
    if (others.length === 0) return;
    const found = `${others.map(({ name }) => name).join(' and ')} is active`;
    if (this.mode === 'takeover') {
      for (const other of others) this.takeOver(other);
    } else if (this.mode === 'both') {
      this.report(`${found}; both record every command (onConflict: both)`);
    } else {
      this.report(`${found}; this one stands down (onConflict: stand-down)`);
      for (const { client } of others) this.sides.leave(client);
    }
  }

  private takeOver({ name, remedy, evict }: Other): void {
    evict?.();
    if (evict !== undefined) this.report(`${name} is active; its patches were taken off (onConflict: takeover)`);
    else
      this.report(`${name} is active and cannot be taken off, so every command has two spans: ${remedy}, or set onConflict to stand-down`);
  }
}

/** A client's connection is watched when it is made, before the first command is answered. */
export function atEveryConnection(recorder: ConnectionRecorder, call: () => void): ConnectionRecorder {
  return {
    watchConnection: (connection) => {
      call();
      recorder.watchConnection(connection);
    },
    reconnected: (server) => recorder.reconnected(server),
    connectionFailed: (server, error) => recorder.connectionFailed(server, error),
    watchCache: (cache) => recorder.watchCache(cache),
  };
}
