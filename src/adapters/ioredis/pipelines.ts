// Knows: how ioredis collects commands in a pipeline, explicit or automatic, and sends it.
// Must not know: single commands, spans, metrics.
import type { ClientRef } from '../../core/events';
import { around, type PatchLedger, prototypeOf, type Target } from '../shared/patch';
import { type Call, type Following, noteShape } from './calls';
import { type Commands, followDatabase } from './client';
import {
  beforeError,
  beforeReply,
  type Cluster,
  FOLLOWER,
  isFollowable,
  type LibraryCommand,
  type Pipeline,
} from './library';
import type { OwnTraffic } from './own-traffic';
import type { DefinedScript, Scripts } from './scripts';
import { Route, type Servers } from './servers';
import { layoutOf, Member, OpenBatch } from './transactions';

type Add = (this: Pipeline, command: LibraryCommand, ...rest: unknown[]) => unknown;

/** Set on a pipeline: its state. */
const STATE = Symbol('opentelemetry-instrumentation-redis.pipeline');

interface State {
  /** Concurrent calls that the library has joined: each is a command of its own. */
  readonly isAutomatic: boolean;
  /** The calls of an automatic pipeline in a cluster, which may be sent again. */
  readonly calls: Call[];
  isBegun: boolean;
  /** The last defined script among its commands: of a batch of one it is the command's. */
  script: DefinedScript | undefined;
}

type Known = Pipeline & { [STATE]?: State };

/** Follows pipelines and transactions. */
export class Pipelines {
  constructor(
    private readonly following: Following,
    private readonly servers: Servers,
    private readonly commands: Commands,
    private readonly own: OwnTraffic,
    private readonly scripts: Scripts,
  ) {}

  /** `Pipeline.js`. Returns false if the seam is unknown; then nothing was changed. */
  patchPipeline(moduleExports: Target, ledger: PatchLedger): boolean {
    return ledger.patch(prototypeOf(moduleExports), {
      sendCommand: (original: Add) => this.wrapAdd(original),
      exec: around<Pipeline, unknown>((pipeline, call) => this.execute(pipeline, call)),
    });
  }

  private wrapAdd(original: Add): Add {
    const add = (pipeline: Pipeline, command: LibraryCommand) => this.add(pipeline, command);
    return function sendCommand(this: Pipeline, command): unknown {
      add(this, command);
      return original.apply(this, arguments as unknown as Parameters<Add>);
    };
  }

  /** The only place where a command of an automatic pipeline passes in its caller's context. */
  private add(pipeline: Pipeline, command: LibraryCommand): void {
    if (!isFollowable(command)) return;
    const follower = command[FOLLOWER];
    // A cluster sends it again.
    if (follower !== undefined) {
      follower?.attach(command);
      return;
    }
    command[FOLLOWER] = null;
    const { redis } = pipeline;
    if (!redis.isCluster) followDatabase(command, this.servers.of(redis));
    const state = stateOf(pipeline);
    if (command.ignore) return;
    if (!state.isAutomatic) {
      state.script = this.scripts.take() ?? state.script;
      return;
    }
    const isRetried = redis.isCluster === true;
    const route = new Route(this.clientOf(pipeline).facts);
    const call = this.commands.begin(command, route, route, isRetried);
    if (call !== undefined && isRetried) state.calls.push(call);
  }

  private execute(pipeline: Pipeline, call: () => unknown): unknown {
    // This call only adds the EXEC.
    if (pipeline._transactions > 0) return call();
    this.begin(pipeline);
    // The members are known. Other commands are the library's: version 4 asks which scripts exist.
    return this.own.run(call);
  }

  /** Begins once, even if a cluster sends all of it again. */
  private begin(pipeline: Pipeline): void {
    const state = stateOf(pipeline);
    const queue = pipeline._queue;
    if (state.isBegun || queue.length === 0 || !queue.every(isFollowable)) return;
    state.isBegun = true;
    if (state.isAutomatic) {
      whenSettled(pipeline, (error) => {
        for (const call of state.calls) call.release(error);
      });
      return;
    }
    const layout = layoutOf(queue);
    const { tap, replies } = this.following;
    const start = tap.beginBatch(layout.kind, () => layout.commands);
    if (start === undefined) return;
    const batch = new OpenBatch(tap, start, layout, this.clientOf(pipeline), state.script);
    batch.inject(queue);
    queue.forEach((command, place) => {
      new Member(batch, place, this.following, command).attach(command);
      const args = layout.commands[layout.indexes[place] as number];
      if (args !== undefined) noteShape(replies, args, command);
    });
    whenSettled(pipeline, (error) => batch.end(error));
  }

  private clientOf({ redis }: Pipeline): ClientRef {
    if (redis.isCluster) return { facts: this.servers.ofCluster(redis as Cluster) };
    const server = this.servers.of(redis);
    server.place();
    return server;
  }
}

function stateOf(pipeline: Known): State {
  const known = pipeline[STATE];
  if (known !== undefined) return known;
  // The library sets this property before the first command is added.
  const isAutomatic = Object.getOwnPropertySymbols(pipeline).some(({ description }) => description === 'exec');
  const state: State = { isAutomatic, calls: [], isBegun: false, script: undefined };
  Object.defineProperty(pipeline, STATE, { value: state });
  return state;
}

/** Called before the application is. @param settled is passed an error if the pipeline was not even sent */
function whenSettled(pipeline: Pipeline, settled: (error?: unknown) => void): void {
  beforeReply(pipeline, () => settled());
  beforeError(pipeline, settled);
}
