// Knows: where the commands of an ioredis client pass, and which of them are followed.
// Must not know: pipelines, clusters, spans, metrics.
import type { ClientRef } from '../../core/events';
import type { Tap } from '../../core/tap';
import { type PatchLedger, prototypeOf, type Target } from '../shared/patch';
import { Call, type Following } from './calls';
import { argumentsOf, beforeReply, type Client, FOLLOWER, isFollowable, isNamed, type LibraryCommand } from './library';
import type { OwnTraffic } from './own-traffic';
import type { Scripts } from './scripts';
import type { Route, Server, Servers } from './servers';
import { Transaction } from './transactions';

type Send = (this: Client, command: LibraryCommand, ...rest: unknown[]) => unknown;

/** Commands that change the purpose of the connection. They have no span, as in every other library. */
export const MODES: ReadonlySet<string> = new Set(
  ['subscribe', 'unsubscribe', 'psubscribe', 'punsubscribe', 'ssubscribe', 'sunsubscribe', 'monitor'].flatMap(
    (name) => [name, name.toUpperCase()],
  ),
);

/** Follows single commands. */
export class Commands {
  private readonly tap: Tap;

  constructor(
    private readonly following: Following,
    private readonly servers: Servers,
    private readonly own: OwnTraffic,
    private readonly scripts: Scripts,
  ) {
    this.tap = following.tap;
  }

  /** `Redis.js`. Returns false if the seam is unknown; then nothing was changed. */
  patchRedis(moduleExports: Target, ledger: PatchLedger): boolean {
    return ledger.patch(prototypeOf(moduleExports), { sendCommand: (original: Send) => this.wrapSend(original) });
  }

  private wrapSend(original: Send): Send {
    const pass = (client: Client, command: LibraryCommand) => this.pass(client, command);
    return function sendCommand(this: Client, command): unknown {
      pass(this, command);
      try {
        return original.apply(this, arguments as unknown as Parameters<Send>);
      } catch (error) {
        command?.[FOLLOWER]?.fail(error);
        throw error;
      }
    };
  }

  private pass(client: Client, command: LibraryCommand): void {
    const follower = command?.[FOLLOWER];
    if (follower === null || (follower === undefined && !isFollowable(command))) return;
    const server = this.servers.of(client);
    if (follower !== undefined) {
      follower.at(server);
      return;
    }
    // Set this first: the command may pass again, in another context, and must not be taken for a new one.
    command[FOLLOWER] = null;
    if (this.following.unknown.resume(command)) return;
    followDatabase(command, server);
    if (this.own.sends(command, server)) this.beginOwn(command, server);
    else if (!MODES.has(command.name) && !this.isTransacted(command, server)) {
      server.place();
      this.begin(command, server)?.sent(server);
    }
  }

  /** Follows a command from here on, unless nothing is recorded. */
  begin(command: LibraryCommand, client: ClientRef, route?: Route, isRetried?: boolean): Call | undefined {
    const script = this.scripts.take();
    const decision = this.tap.decide();
    if (decision === 'pass') return undefined;
    const begun = this.tap.begin(client, argumentsOf(command), decision, script?.name);
    if (begun === undefined) return undefined;
    const named = script === undefined ? begun : { ...begun, script: script.body, procedure: script.name };
    const call = new Call(this.following, named, route, script, isRetried);
    call.begin(command);
    return call;
  }

  private beginOwn(command: LibraryCommand, server: Server): void {
    const begun = this.tap.wantsInternal ? this.tap.beginInternal(server, argumentsOf(command)) : undefined;
    if (begun !== undefined) new Call(this.following, begun, undefined, undefined).begin(command);
    // Version 4 asks which scripts of a pipeline exist, and loads the others in the same turn.
    if (isNamed(command, 'script') && command.args[0] === 'exists') {
      beforeReply(command, (reply) => {
        if (Array.isArray(reply)) server.expectedLoads += reply.filter((one) => one === 0).length;
      });
    }
  }

  /** Whether the command begins, continues or ends a transaction of single commands. */
  private isTransacted(command: LibraryCommand, server: Server): boolean {
    const { transaction } = server;
    if (transaction === undefined) {
      if (!isNamed(command, 'multi')) return false;
      server.transaction = new Transaction(this.tap, this.tap.beginBatch('MULTI'), server, command);
      return true;
    }
    if (isNamed(command, 'discard')) {
      server.transaction = undefined;
      return false;
    }
    if (isNamed(command, 'exec')) {
      server.transaction = undefined;
      transaction.execute(command);
    } else transaction.add(command);
    return true;
  }
}

/**
 * Replies come in order: the replies after SELECT, or after the EXEC that contains it, come from the other database.
 */
export function followDatabase(command: LibraryCommand, server: Server): void {
  if (isNamed(command, 'select')) {
    const [database] = command.args;
    beforeReply(command, (reply) => {
      const answer = String(reply);
      if (answer === 'OK') server.select(database);
      else if (answer === 'QUEUED') server.queuedDatabase = database;
    });
  } else if (isNamed(command, 'exec')) {
    beforeReply(command, (reply) => {
      const { queuedDatabase } = server;
      server.queuedDatabase = undefined;
      const isDone = Array.isArray(reply) && !reply.some((one) => one instanceof Error);
      if (isDone && queuedDatabase !== undefined) server.select(queuedDatabase);
    });
  }
}
