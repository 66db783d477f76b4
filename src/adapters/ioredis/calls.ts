// Knows: how one command of ioredis is followed over all its attempts, and ends once.
// Must not know: where it passes, pipelines, spans, metrics.

import type { Arguments, Command } from '../../core/events';
import type { ReplyShapes } from '../../core/replies';
import type { Redirection } from '../../core/resends';
import type { Tap } from '../../core/tap';
import type { Ambient } from '../shared/ambient';
import { isUnknownScript } from '../shared/retried-calls';
import { Attempted } from './attempts';
import { FOLLOWER, type Follower, type LibraryCommand, sendInstead } from './library';
import type { DefinedScript, ResentScripts } from './scripts';
import type { Route, Server } from './servers';

/** What the parts of the tap share. */
export interface Following {
  readonly tap: Tap;
  readonly unknown: ResentScripts;
  /** The redirection that a cluster follows now. It sends the call again while it handles the error. */
  readonly redirecting: Ambient<Redirection>;
  readonly replies: ReplyShapes;
}

/** Errors after which a cluster sends a whole pipeline again. */
const REDIRECTS = /^(?:MOVED|ASK|TRYAGAIN|CLUSTERDOWN) |^Connection is closed\.$/;

/** One command that has a span or is counted. */
export class Call extends Attempted implements Follower {
  /** The failure of the last attempt, if another attempt may follow. */
  private held: { readonly error: unknown; readonly endMonotonicMs: number } | undefined;
  private isOpen = true;
  private server: Server | undefined;

  /**
   * @param route the connection, if it is chosen later
   * @param script the defined script that it runs
   * @param isRetried whether an auto-pipeline of a cluster sends it, which may send all of it again
   */
  constructor(
    private readonly following: Following,
    private readonly command: Command,
    private readonly route: Route | undefined,
    private readonly script: DefinedScript | undefined,
    private readonly isRetried = false,
  ) {
    super();
  }

  get args(): Command['args'] {
    return this.command.args;
  }

  get body(): string | undefined {
    return this.script?.body;
  }

  /** The first attempt. */
  begin(command: LibraryCommand): void {
    const { args, sent } = this.command;
    if (sent !== undefined) sendInstead(command, sent);
    noteShape(this.following.replies, args, command);
    this.attach(command);
  }

  /** A connection that the caller has chosen was passed the first attempt. */
  sent(server: Server): void {
    this.attempt(server.isReady, undefined);
  }

  attach(command: LibraryCommand): void {
    const call = this;
    const { resolve, reject } = command;
    this.held = undefined;
    command[FOLLOWER] = this;
    command.resolve = function (this: unknown, reply): unknown {
      call.succeed(reply);
      return resolve.apply(this, arguments as unknown as [unknown]);
    };
    command.reject = function (this: unknown, error): unknown {
      call.refuse(error);
      return reject.apply(this, arguments as unknown as [unknown]);
    };
  }

  at(server: Server): void {
    this.attempt(server.isReady, this.following.redirecting.current);
    if (this.route === undefined) {
      if (server.isReady) server.writes.resume();
      return;
    }
    server.place();
    this.server = server;
    this.route.at(server);
  }

  fail(error: unknown, endMonotonicMs?: number): void {
    if (!this.close()) return;
    this.following.tap.fail(this.ended(), error, endMonotonicMs);
  }

  /** No further attempt follows. */
  release(error?: unknown): void {
    const { held } = this;
    if (held !== undefined) this.fail(held.error, held.endMonotonicMs);
    else if (error !== undefined) this.fail(error);
  }

  private succeed(reply: unknown): void {
    if (this.close()) this.following.tap.succeed(this.ended(), reply);
  }

  private ended(): Command {
    const { command, resends } = this;
    return resends === undefined ? command : { ...command, resends };
  }

  /** The command failed, but the call may still succeed. */
  private refuse(error: unknown): void {
    if (!this.isOpen) return;
    const held = { error, endMonotonicMs: performance.now() };
    if (this.script !== undefined && isUnknownScript(error)) {
      this.held = held;
      this.continueAttempt();
      this.following.unknown.wait(this, () => this.release());
    } else if (this.isRetried && error instanceof Error && REDIRECTS.test(error.message)) {
      this.held = held;
    } else this.fail(error, held.endMonotonicMs);
  }

  /** A reply may come after a command has timed out. */
  private close(): boolean {
    if (!this.isOpen) return false;
    this.isOpen = false;
    if (this.route !== undefined && this.server !== undefined) this.route.facts = this.server.facts;
    return true;
  }
}

/** Callers get text for bytes, and an object for a list of pairs. */
export function noteShape(replies: ReplyShapes, args: Arguments, command: LibraryCommand): void {
  if (replies.isWanted) replies.note(args, (reply) => command.transformReply?.(reply) ?? reply);
}
