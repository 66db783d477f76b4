// Knows: how one command is followed from the call to its reply, the caller's promise intact.
// Must not know: which version called, spans.
import type { Arguments, ClientRef, Command } from '../core/events';
import type { Tap } from '../core/operation';

/**
 * Settles `command` with the promise and returns one that behaves like it: same value, same rejection, and an
 * unhandled rejection stays unhandled. A promise on the side would either add one or swallow it.
 */
export function settleWith(tap: Tap, command: Command, promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (reply) => {
      tap.succeed(command, reply);
      return reply;
    },
    (error: unknown) => {
      tap.fail(command, error);
      throw error;
    },
  );
}

/** A defined script: node-redis sends EVALSHA, and EVAL when the server does not know it. One operation. */
interface UnknownScript {
  readonly body: unknown;
  readonly command: Command | undefined;
}

/** Joins the EVALSHA that failed with NOSCRIPT and the EVAL that follows it in the same turn. */
export class DefinedScripts {
  private readonly waiting = new WeakMap<object, UnknownScript[]>();
  private body: unknown;

  constructor(private readonly tap: Tap) {}

  /** Runs a script executor; the first command it sends, synchronously, is the EVALSHA. */
  execute<T>(body: unknown, call: () => T): T {
    this.body = body;
    try {
      return call();
    } finally {
      this.body = undefined;
    }
  }

  /** Whether the command that is sent now belongs to a defined script. */
  owns(owner: object, args: Arguments): boolean {
    return this.body !== undefined || (args[0] === 'EVAL' && this.waiting.get(owner)?.some(({ body }) => body === args[1]) === true);
  }

  /** Sends a command of a defined script. */
  send(owner: object, client: ClientRef, args: Arguments, call: () => Promise<unknown>): Promise<unknown> {
    const { body } = this;
    this.body = undefined;
    if (body === undefined) return this.sendAgain(owner, args, call);
    // The executor changes its argument list for the second try.
    const command = this.tap.begin(client, args.slice());
    return call().then(
      (reply) => {
        if (command !== undefined) this.tap.succeed(command, reply);
        return reply;
      },
      (error: unknown) => {
        if (isUnknownScript(error)) this.wait(owner, { body, command }, error);
        else if (command !== undefined) this.tap.fail(command, error);
        throw error;
      },
    );
  }

  private sendAgain(owner: object, args: Arguments, call: () => Promise<unknown>): Promise<unknown> {
    const scripts = this.waiting.get(owner) ?? [];
    const [script] = scripts.splice(
      scripts.findIndex(({ body }) => body === args[1]),
      1,
    );
    return script?.command === undefined ? call() : settleWith(this.tap, script.command, call());
  }

  /** The EVAL follows within this turn; if it does not, the NOSCRIPT was the end after all. */
  private wait(owner: object, script: UnknownScript, error: unknown): void {
    const scripts = this.waiting.get(owner) ?? [];
    scripts.push(script);
    this.waiting.set(owner, scripts);
    setImmediate(() => {
      const index = scripts.indexOf(script);
      if (index < 0) return;
      scripts.splice(index, 1);
      if (script.command !== undefined) this.tap.fail(script.command, error);
    });
  }
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}
