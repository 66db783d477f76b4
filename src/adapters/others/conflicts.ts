// Knows: what happens if another instrumentation records redis as well.
// Must not know: how others are detected, our own seams.
import type { ClientName, ConflictMode } from '../../config';
import type { ConnectionRecorder, Report } from '../../core/recorder';
import type { Other } from './other';

/** The interface by which a conflict is settled. */
export interface Sides {
  /** The current ones: some are active later than others. */
  findOthers(): readonly Other[];
  isRecorded(client: ClientName): boolean;
  /** Stops recording a library that another instrumentation records. */
  leaveTo(client: ClientName): void;
}

export class Conflicts {
  /** What to do about another instrumentation of redis. */
  mode: ConflictMode = 'takeover';

  constructor(
    private readonly sides: Sides,
    private readonly report: Report,
  ) {}

  /**
   * Settles a conflict as the option says. It is called at every file, because code that wraps after us is found at
   * the next one; and at every client, because a channel may get subscribers at any time.
   */
  settle(): void {
    const others = this.sides.findOthers().filter(({ client }) => this.sides.isRecorded(client));
    if (others.length === 0) return;
    // One may record several libraries.
    const found = `${[...new Set(others.map(({ name }) => name))].join(' and ')} is active`;
    if (this.mode === 'takeover') {
      for (const other of others) this.takeOver(other);
    } else if (this.mode === 'both') {
      this.report(`${found}; both record every command (onConflict: both)`);
    } else {
      this.report(`${found}; this one stands down (onConflict: stand-down)`);
      for (const { client } of others) this.sides.leaveTo(client);
    }
  }

  private takeOver({ name, remedy, unwrap }: Other): void {
    unwrap?.();
    if (unwrap !== undefined) this.report(`${name} is active; its patches were removed (onConflict: takeover)`);
    else
      this.report(
        `${name} is active and cannot be removed, so every command has two spans: ${remedy}, or set onConflict ` +
          'to stand-down',
      );
  }
}

/** Checks at each connection of a client, which is made before its first command is answered. */
export function atEveryConnection(recorder: ConnectionRecorder, call: () => void): ConnectionRecorder {
  return {
    watchConnection: (connection) => {
      call();
      recorder.watchConnection(connection);
    },
    reconnected: (server) => recorder.reconnected(server),
    connectionFailed: (server, error) => recorder.connectionFailed(server, error),
    connectionClosed: (server, reason, error) => recorder.connectionClosed(server, reason, error),
    watchCache: (cache) => recorder.watchCache(cache),
    evicted: (reason, count) => recorder.evicted(reason, count),
  };
}
