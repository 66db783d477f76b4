// Knows: where the commands of an ioredis cluster pass before it has chosen a node.
// Must not know: single connections, pipelines, spans, metrics.
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { around, type PatchLedger, prototypeOf, type Target } from '../shared/patch';
import { redirectionOf } from '../shared/retried-calls';
import type { Following } from './calls';
import { type Commands, MODES } from './client';
import { type Cluster, FOLLOWER, isFollowable, type LibraryCommand } from './library';
import type { OwnTraffic } from './own-traffic';
import { Route, type Servers } from './servers';

type Send = (this: Cluster, command: LibraryCommand, ...rest: unknown[]) => unknown;

/** Follows the commands of clusters. */
export class Clusters {
  constructor(
    private readonly following: Following,
    private readonly servers: Servers,
    private readonly commands: Commands,
    private readonly own: OwnTraffic,
  ) {}

  /** `cluster/index.js`. Returns false if the seam is unknown; then nothing was changed. */
  patchCluster(moduleExports: Target, ledger: PatchLedger): boolean {
    return ledger.patch(prototypeOf(moduleExports), {
      sendCommand: (original: Send) => this.wrapSend(original),
      // It is told why a node refused, and sends to another by itself or later.
      handleError: around((_cluster, call, [error]) => this.following.redirecting.run(redirectionOf(error), call)),
      delayUntilReady: around(delay),
    });
  }

  /** Runs before the original, which replaces `reject` by a function that sends the command to another node. */
  private wrapSend(original: Send): Send {
    const pass = (cluster: Cluster, command: LibraryCommand) => this.pass(cluster, command);
    return function sendCommand(this: Cluster, command): unknown {
      pass(this, command);
      return original.apply(this, arguments as unknown as Parameters<Send>);
    };
  }

  private pass(cluster: Cluster, command: LibraryCommand): void {
    const facts = this.servers.ofCluster(cluster);
    // At the node, commands of the cluster itself are told apart from those of the application.
    if (!isFollowable(command) || command[FOLLOWER] !== undefined || this.own.isOn || MODES.has(command.name)) return;
    command[FOLLOWER] = null;
    if (this.following.unknown.resume(command)) return;
    const route = new Route(facts);
    this.commands.begin(command, route, route);
  }
}

/**
 * A command that waits until the nodes are known would run in the context of the code that connected, not of its
 * caller.
 */
function delay(_cluster: unknown, call: () => unknown, args: unknown[]): unknown {
  const caller = context.active();
  if (caller !== ROOT_CONTEXT && typeof args[0] === 'function') args[0] = context.bind(caller, args[0]);
  return call();
}
