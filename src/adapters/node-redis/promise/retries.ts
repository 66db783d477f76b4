// Knows: which commands are one call: a script and its second attempt, a call that a group sends again.
// Must not know: which version called, spans.
import type { Arguments, ClientRef, Command } from '../../../core/events';
import type { Tap } from '../../../core/operation';
import { Resends } from '../../../core/resends';
import {
  isRedirect,
  Redirects,
  redirectionOf,
  type SentinelCall,
  type SentinelCalls,
} from '../../shared/retried-calls';
import { type Begun, CommandEnding } from './entries';

/** A client's facts, and whether a group may send what it refused to another node. */
export interface NodeRef extends ClientRef {
  isNode?: boolean;
}

/** Begins a command that the client sends by itself. It has no span, and is counted on request. */
export function beginInternal(tap: Tap, client: ClientRef, args: Arguments): Begun | undefined {
  const command = tap.beginInternal(client, args);
  return command && new CommandEnding(tap, command);
}

/** The call of a script executor, while it sends its first command. */
interface DefinedScript {
  readonly body: unknown;
  /** The same object in every attempt of the call. */
  readonly list: object;
}

/** A command that a node refused or lost. */
interface Refused {
  readonly command: Command;
  readonly error: unknown;
}

interface UnknownScript extends DefinedScript {
  readonly command: Command | undefined;
}

/**
 * Calls that can become several commands, each call one operation. A defined script is an EVALSHA, and an EVAL if the
 * server does not know it. A node of a group may refuse or lose a command, which is then sent to another node.
 */
export class Retries {
  private readonly unknownScripts = new WeakMap<object, UnknownScript[]>();
  private readonly redirects = new Redirects<Refused>();
  private script: DefinedScript | undefined;

  constructor(
    private readonly tap: Tap,
    private readonly calls: SentinelCalls,
  ) {}

  /** Runs a script executor. The first command that it sends, synchronously, is the EVALSHA. */
  executeScript<T>(script: DefinedScript, call: () => T): T {
    const outer = this.script;
    this.script = script;
    try {
      return call();
    } finally {
      this.script = outer;
    }
  }

  /** Whether the command that is being sent may be sent again. */
  mayBeRetried(owner: object, node: NodeRef, args: Arguments): boolean {
    if (this.script !== undefined || node.isNode === true) return true;
    return args[0] === 'EVAL' && this.unknownScripts.get(owner)?.some(({ body }) => body === args[1]) === true;
  }

  /** Begins such a command, or continues it. */
  begin(owner: object, node: NodeRef, args: Arguments): Begun {
    const { script = this.takeUnknown(owner, args) } = this;
    this.script = undefined;
    const list = script?.list ?? args;
    const { sending } = this.calls;
    const command = this.commandOf(script, list, node, args);
    const fail = (error: unknown): void => {
      if (script !== undefined && isUnknownScript(error)) this.waitForScript(owner, { ...script, command }, error);
      else if (sending !== undefined || (node.isNode === true && isRedirect(error)))
        this.waitForNode(list, command, error, sending);
      else if (command !== undefined) this.tap.fail(command, error);
    };
    const succeed = (reply: unknown): void => {
      if (command !== undefined) this.tap.succeed(command, reply);
    };
    return { succeed, fail, sent: command?.sent };
  }

  /** Returns what an earlier attempt began, now at this node; or a new command. */
  private commandOf(
    script: DefinedScript | undefined,
    list: object,
    node: NodeRef,
    args: Arguments,
  ): Command | undefined {
    if (script !== undefined && 'command' in script) return (script as UnknownScript).command;
    const redirected = this.redirects.resume(list, this.calls.sending);
    if (redirected !== undefined) return sentAgain(redirected, node);
    // A script executor changes its list for the second attempt.
    const command = this.tap.begin(node, script === undefined ? args : args.slice());
    return command !== undefined && typeof script?.body === 'string' ? { ...command, script: script.body } : command;
  }

  private takeUnknown(owner: object, args: Arguments): UnknownScript | undefined {
    const scripts = this.unknownScripts.get(owner);
    const index = args[0] === 'EVAL' ? (scripts?.findIndex(({ body }) => body === args[1]) ?? -1) : -1;
    return index < 0 ? undefined : scripts?.splice(index, 1)[0];
  }

  /** The EVAL follows within this turn; if it does not, the call ended with NOSCRIPT. */
  private waitForScript(owner: object, script: UnknownScript, error: unknown): void {
    const scripts = this.unknownScripts.get(owner) ?? [];
    scripts.push(script);
    this.unknownScripts.set(owner, scripts);
    setImmediate(() => {
      const index = scripts.indexOf(script);
      if (index < 0) return;
      scripts.splice(index, 1);
      if (script.command !== undefined) this.tap.fail(script.command, error);
    });
  }

  private waitForNode(
    list: object,
    command: Command | undefined,
    error: unknown,
    call: SentinelCall | undefined,
  ): void {
    if (command === undefined) return;
    const endMonotonicMs = performance.now();
    this.redirects.wait(list, { command, error }, () => this.tap.fail(command, error, endMonotonicMs), call);
  }
}

function sentAgain({ command, error }: Refused, client: ClientRef): Command {
  const { resends = new Resends() } = command;
  resends.add(redirectionOf(error));
  return { ...command, client, resends };
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}
