// Knows: the diagnostics channels of redis 5.12 and later, the only seam that is left in a bundled application.
// Must not know: spans, metrics, attribute names.
import { BoundedMap } from '../../../core/bounded-map';
import type { Arguments, ClientRef, Command } from '../../../core/events';
import type { Report } from '../../../core/recorder';
import type { Tap } from '../../../core/tap';
import { isMainRealm, isOurs } from '../../realm';
import { Ambient } from '../../shared/ambient';
import { around, PatchLedger, prototypeOf, type Target } from '../../shared/patch';
import { isUnknownScript } from '../../shared/retried-calls';
import { selectDatabase } from '../../shared/servers';
import { Subscriptions } from '../../shared/subscriptions';
import { UnknownScripts } from '../../shared/unknown-scripts';
import { factsFrom, MAX_CLIENTS } from '../server-info';
import { ChannelBatches } from './channel-batches';
import type { Message } from './message';

const FAULT = 'a message of a diagnostics channel could not be read';
const ELSEWHERE =
  'a client of redis connects in a realm of its own, as in jest, and is not recorded from here; see ' +
  'docs/testing.md of this package';

interface BundledClient extends ClientRef {
  /** The message by which it became known. */
  readonly connection: Message;
}

interface UnknownScript {
  readonly clientId: unknown;
  readonly command: Command;
}

/**
 * Records clients that no module hook could see. The channels are in `sendCommand`, so a client that is hooked must
 * not be recorded here as well. They are not free: with a subscriber, node-redis copies and masks the arguments of
 * every command of every client in the process. So only `connect` is subscribed to, which costs commands nothing,
 * until a client connects that is not hooked. Then the clients that connected are recorded.
 *
 * This shows less than a hook: node-redis masks the arguments; the commands of a transaction are not visible; hits in
 * the client-side cache pass no channel; redirections, and the parts of a cluster's call, are separate commands; pool
 * tasks run in the context that node-redis gives them; a client that connected before us stays unseen.
 */
export class Channels {
  /** Clients that no hook knows, by their id. A client may lose its connection without an event that we see. */
  private readonly clients = new BoundedMap<string, BundledClient>(MAX_CLIENTS);
  private readonly commands = new WeakMap<Message, Command>();
  private readonly unknownScripts = new UnknownScripts<UnknownScript>();
  private readonly batches: ChannelBatches;
  private readonly connections: Subscriptions;
  private readonly traffic: Subscriptions;
  private isStarted = false;
  /** Whether a client that is hooked connects. */
  private readonly hooked = new Ambient<boolean>();

  /**
   * @param met called before a client that no hook knows is recorded
   * @param lookAgain returns whether its copy of redis has been patched in the meantime
   */
  constructor(
    private readonly tap: Tap,
    private readonly report: Report,
    private readonly met: () => void,
    private readonly lookAgain: () => boolean,
  ) {
    this.batches = new ChannelBatches(tap);
    const connections = {
      'tracing:node-redis:connect:start': (message: Message) => this.meet(message),
      'tracing:node-redis:connect:error': (message: Message) => this.giveUp(message),
      'node-redis:connection:closed': (message: Message) => this.part(message),
    };
    const traffic = {
      'tracing:node-redis:command:start': (message: Message) => this.begin(message),
      // A rejection is published twice, as an error and as an end. The first one ends the command.
      'tracing:node-redis:command:error': (message: Message) => this.fail(message),
      'tracing:node-redis:command:asyncEnd': (message: Message) => this.succeed(message),
      'tracing:node-redis:batch:start': (message: Message) => this.beginBatch(message),
      'tracing:node-redis:batch:end': () => this.batches.leave(),
      'tracing:node-redis:batch:error': (message: Message) => this.batches.fail(message),
      'tracing:node-redis:batch:asyncEnd': (message: Message) => this.batches.succeed(message),
    };
    this.connections = new Subscriptions(connections, FAULT, report);
    this.traffic = new Subscriptions(traffic, FAULT, report);
  }

  start(): void {
    this.isStarted = true;
    this.connections.start();
    if (this.clients.size > 0) this.traffic.start();
  }

  stop(): void {
    this.isStarted = false;
    this.connections.stop();
    this.traffic.stop();
  }

  /** `client/index.js` of a hooked copy: its clients are not recorded here. Before 5.12 there are no channels. */
  patchClient(moduleExports: Target, ledger: PatchLedger): boolean {
    const prototype = prototypeOf(moduleExports);
    if (!PatchLedger.has(prototype, 'connect')) return false;
    if (!('_clientId' in prototype)) return true;
    // The channel publishes synchronously.
    return ledger.patch(prototype, { connect: around((_client, call) => this.hooked.run(true, call)) }, 'channels');
  }

  /** Stops recording a client whose copy is hooked from now on. */
  leave(client: object): void {
    const { _clientId: id } = client as { readonly _clientId?: unknown };
    if (this.clients.size > 0) this.clients.delete(id as string);
  }

  private meet(message: Message): void {
    const { clientId, serverAddress, serverPort } = message;
    if (this.hooked.current || typeof clientId !== 'string' || this.clients.has(clientId)) return;
    if (!isOurs(message)) {
      if (isMainRealm) this.report(ELSEWHERE);
      return;
    }
    this.met();
    if (!this.isStarted || this.lookAgain()) return;
    const socket = serverPort === undefined ? { path: serverAddress } : { host: serverAddress, port: serverPort };
    this.clients.set(clientId, { facts: factsFrom({ socket }), connection: message });
    this.traffic.start();
  }

  /** Not every failed `connect()` ends a client: a connected client refuses a second one. */
  private giveUp(message: Message): void {
    const id = message.clientId as string;
    if (this.clients.get(id)?.connection === message) this.clients.delete(id);
  }

  /** Commands in progress are still followed to their end. `connect()` brings the client back. */
  private part({ clientId, reason }: Message): void {
    if (reason === 'application_close') this.clients.delete(clientId as string);
  }

  private begin(message: Message): void {
    const client = this.clients.get(message.clientId as string);
    if (client === undefined || !Array.isArray(message.args)) return;
    const args = message.args.map(unlessLost);
    if (message.batchMode !== undefined) {
      this.batches.add(message, args);
      return;
    }
    if (isBackground(args)) return;
    selectDatabase(client, message.database);
    const command = this.resumeScript(message, args) ?? this.tap.begin(client, args);
    if (command !== undefined)
      this.commands.set(message, args.includes(undefined) ? { ...command, isMasked: true } : command);
  }

  private succeed(message: Message): void {
    const command = this.take(message);
    if (command === undefined) this.batches.addReply(message, message.result);
    else this.tap.succeed(command, message.result);
  }

  private fail(message: Message): void {
    const { clientId, error } = message;
    const command = this.take(message);
    if (command === undefined) this.batches.addReply(message, error);
    else if (command.args[0] === 'EVALSHA' && isUnknownScript(error))
      this.unknownScripts.wait({ clientId, command }, () => this.tap.fail(command, error));
    else this.tap.fail(command, error);
  }

  private take(message: Message): Command | undefined {
    const command = this.commands.get(message);
    this.commands.delete(message);
    return command;
  }

  private beginBatch(message: Message): void {
    const client = this.clients.get(message.clientId as string);
    if (client === undefined) return;
    selectDatabase(client, message.database);
    this.batches.begin(message, client);
  }

  private resumeScript({ clientId }: Message, args: Arguments): Command | undefined {
    if (this.unknownScripts.isEmpty || args[0] !== 'EVAL') return undefined;
    const isIt = (one: UnknownScript) => one.clientId === clientId && isSameCall(one.command.args, args);
    return this.unknownScripts.take(isIt)?.command;
  }
}

/** An argument that node-redis masked. Its question mark would be measured as a value of one byte. */
function unlessLost(arg: unknown): unknown {
  return arg === '?' ? undefined : arg;
}

/**
 * Commands that clusters, sentinels and streaming credentials send by themselves. The PING of `pingInterval` cannot
 * be told apart.
 */
function isBackground([name, subcommand]: Arguments): boolean {
  if (name === 'CLUSTER') return subcommand === 'SLOTS';
  return name === 'ASKING' || name === 'SENTINEL' || name === 'AUTH';
}

/** Whether keys and arguments are the same: only the name and the sha were replaced by EVAL and the body. */
function isSameCall(first: Arguments, second: Arguments): boolean {
  return first.length === second.length && first.every((arg, index) => index < 2 || arg === second[index]);
}
