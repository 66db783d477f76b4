// Knows: the command queue of redis 4, through which every command of that version passes.
// Must not know: spans, metrics, attribute names.
import type { Tap } from '../../../core/tap';
import { around, PatchLedger, prototypeOf, requiredBy, type Target } from '../../shared/patch';
import { replacing } from '../promise/batches';
import { Commands, type SendingClient } from '../promise/commands';
import type { Connections } from '../promise/connections';
import type { Groups } from '../promise/topology';
import { factsFrom } from '../server-info';

type Send = (this: SendingClient, ...args: unknown[]) => unknown;
type MultiExecutor = (this: SendingClient, commands: unknown, ...rest: unknown[]) => Promise<unknown>;
/** The node constructor of `yallist`, in whose lists the queue keeps its entries. */
type MakeNode = (this: unknown, value: unknown, ...rest: unknown[]) => object;

/** Taps the clients of redis 4, of all copies of the module. */
export class CommandQueueTap {
  private readonly commands: Commands;

  constructor(
    private readonly tap: Tap,
    groups: Groups,
    private readonly connections: Connections,
  ) {
    this.commands = new Commands(tap, groups, connections, {
      // Before the socket is ready, commands at the head of the queue are the client's own. If its state is unknown,
      // all are.
      isHandshake: (queue, options) =>
        options?.asap === true && connections.of(queue)?.socket?.deref()?.isReady !== true,
    });
  }

  /** `client/commands-queue.js`. Returns false if the seam is unknown; then nothing was changed. */
  patchQueue(moduleExports: Target, ledger: PatchLedger): boolean {
    // Called for one command after the other, until there is none or the socket is full.
    if (!this.commands.patchQueue(moduleExports, ledger, 'getCommandToSend')) return false;
    ledger.patch(requiredBy(moduleExports, 'yallist'), { Node: (original: MakeNode) => this.wrapNode(original) });
    return true;
  }

  /** `client/index.js`: transactions, pipelines and defined scripts. */
  patchClient(moduleExports: Target, ledger: PatchLedger): boolean {
    const prototype = prototypeOf(moduleExports);
    if (!PatchLedger.has(prototype, 'sendCommand', 'multiExecutor', 'executeScript', 'connect')) return false;
    const refOf = ({ options }: SendingClient) => ({ facts: factsFrom(options) });
    const { sender, retries } = this.commands;
    this.connections.connects.patchClient(prototype, ledger, this.tap, refOf);
    return ledger.patch(prototype, {
      sendCommand: (original: Send) => this.wrapSend(original),
      multiExecutor: (original: MultiExecutor) => this.wrapMultiExecutor(original),
      executeScript: around<SendingClient, unknown>((client, call, [script, list]) => {
        const { SCRIPT: body } = (script ?? {}) as { readonly SCRIPT?: unknown };
        return sender.run(client, () => retries.script.run({ body, list: list as object }, call));
      }),
    });
  }

  /** A cluster sends its commands through this method of the node's client. No closure is allocated for a command. */
  private wrapSend(original: Send): Send {
    const { sender } = this.commands;
    return function sendCommand(this: SendingClient): unknown {
      const outer = sender.enter(this);
      try {
        return original.apply(this, arguments as never);
      } finally {
        sender.leave(outer);
      }
    };
  }

  /**
   * The list creates its nodes without this function. Only the queue calls it with nodes of its own, so others do not
   * notice.
   */
  private wrapNode(original: MakeNode): MakeNode {
    const { entries } = this.commands;
    const Node = function (value: unknown): object {
      const node = Reflect.construct(original, arguments);
      entries.meet(value, node);
      return node;
    };
    Node.prototype = original.prototype;
    return Node;
  }

  private wrapMultiExecutor(original: MultiExecutor): MultiExecutor {
    const { commands: all } = this;
    return function multiExecutor(this: SendingClient, commands: unknown): Promise<unknown> {
      const call = arguments as unknown as Parameters<MultiExecutor>;
      // Only a transaction has a chain; the position of its id differs between 4.0 and later.
      const kind = Array.prototype.some.call(call, (argument) => typeof argument === 'symbol') ? 'MULTI' : 'PIPELINE';
      return all.batches.execute({
        kind,
        commands,
        isLooped: true,
        clientOf: (queue) => (queue === undefined ? { facts: factsFrom(this.options) } : all.connectionOf(queue, this)),
        call: (list) => all.sender.run(this, () => original.apply(this, replacing(call, list))),
        // A transaction resolves with the replies of MULTI, of the queued commands, and of EXEC.
        repliesIn: (result) => (kind === 'MULTI' && Array.isArray(result) ? result[result.length - 1] : result),
      });
    };
  }
}
