// Knows: which commands are one call: a script and its second attempt, a call that a group sends again.
// Must not know: which version called, spans.
import type { Arguments, ClientRef, Command } from '../../../core/events';
import type { Decision, Tap } from '../../../core/tap';
import { Ambient } from '../../shared/ambient';
import { type HiddenLoop, isUnknownScript, type RetriedCall, type RetriedCalls } from '../../shared/retried-calls';
import { UnknownScripts } from '../../shared/unknown-scripts';
import { type Begun, CommandEnding } from './entries';

/** A client's facts, and how it sends again what a node of its group refused. */
export interface NodeRef extends ClientRef {
  /** undefined: it is no node, or its calls are seen. */
  loop?: HiddenLoop | undefined;
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

interface UnknownScript extends DefinedScript {
  /** Identifies the client. */
  readonly owner: object;
  readonly command: Command | undefined;
  readonly call: RetriedCall | undefined;
}

/**
 * Calls that can become several commands, each call one operation. A defined script is an EVALSHA, and an EVAL if the
 * server does not know it. A node of a group may refuse or lose a command, which is then sent to another node.
 */
export class Retries {
  private readonly unknown = new UnknownScripts<UnknownScript>();
  /** Set while a script executor runs. The first command that it sends, synchronously, is the EVALSHA. */
  readonly script = new Ambient<DefinedScript>();

  constructor(
    private readonly tap: Tap,
    private readonly calls: RetriedCalls,
  ) {}

  /** Whether the command that is being sent may be sent again. */
  mayBeRetried(node: NodeRef): boolean {
    return (
      this.script.current !== undefined || this.calls.isSending || node.loop !== undefined || !this.unknown.isEmpty
    );
  }

  /** Begins such a command, or continues it. */
  begin(owner: object, node: NodeRef, args: Arguments, decision: Decision): Begun {
    const script = this.script.enter(undefined) ?? this.takeUnknown(owner, args);
    const list = script?.list ?? args;
    const call = isUnknown(script) ? script.call : this.calls.of(list);
    const command = this.commandOf(script, call, node, args, decision);
    const fail = (error: unknown): void => {
      if (script !== undefined && isUnknownScript(error)) {
        const end = (): void => command && this.tap.fail(command, error);
        this.unknown.wait({ ...script, owner, command, call }, end);
      } else if (command !== undefined) {
        const end = (final: unknown): void => this.tap.fail(command, final);
        this.calls.fail(list, call, node.loop, { begun: command, error, end });
      }
    };
    const succeed = (reply: unknown): void => {
      if (command !== undefined) this.tap.succeed(command, reply);
    };
    return { succeed, fail, sent: command?.sent };
  }

  /** Returns what an earlier attempt began, now at this node; or a new command. */
  private commandOf(
    script: DefinedScript | undefined,
    call: RetriedCall | undefined,
    node: NodeRef,
    args: Arguments,
    decision: Decision,
  ): Command | undefined {
    if (isUnknown(script)) return script.command;
    const begun = call?.goOn<Command>();
    if (begun !== undefined) return { ...begun, client: node, resends: call?.resends };
    // A script executor changes its list for the second attempt.
    const command = this.tap.begin(node, script === undefined ? args : args.slice(), decision);
    return command !== undefined && typeof script?.body === 'string' ? { ...command, script: script.body } : command;
  }

  private takeUnknown(owner: object, args: Arguments): UnknownScript | undefined {
    if (this.unknown.isEmpty || args[0] !== 'EVAL') return undefined;
    return this.unknown.take((script) => script.owner === owner && script.body === args[1]);
  }
}

function isUnknown(script: DefinedScript | undefined): script is UnknownScript {
  return script !== undefined && 'command' in script;
}
