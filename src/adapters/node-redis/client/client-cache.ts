// Knows: the client-side cache of redis 5.1 and later, whose hits never reach a server.
// Must not know: spans.
import type { Arguments, CacheNews, ClientRef } from '../../../core/events';
import type { ConnectionRecorder } from '../../../core/recorder';
import type { Tap } from '../../../core/tap';
import { watch } from '../../shared/observe';
import type { FanOuts } from './multi-shard';

/** The part of a client's own cache that shows whether it answered. */
interface ClientSideCache {
  stats?(): Stats | undefined;
  size?(): unknown;
}

interface Stats {
  readonly hitCount?: number;
  readonly missCount?: number;
  readonly evictionCount?: number;
}

interface CachingClient {
  readonly _self?: CachingClient;
  readonly clientSideCache?: ClientSideCache;
}

interface Parser {
  readonly redisArgs?: Arguments;
}

export type ExecuteCommand = (
  this: CachingClient,
  command: unknown,
  parser: Parser,
  ...rest: unknown[]
) => Promise<unknown>;

/**
 * Records the answers of the cache. A hit, and a miss that joins another request, look the same from outside. The
 * cache's own hit count, which changes synchronously, tells them apart. With `recordStats: false` there is no count
 * and so no span.
 */
export function wrapExecuteCommand<C extends object>(
  tap: Tap,
  caches: ClientCaches,
  fanOuts: Pick<FanOuts, 'inside' | 'answeredLocally'>,
  clientOf: (client: C) => ClientRef,
  original: ExecuteCommand,
): ExecuteCommand {
  // Most clients have no cache, so the closure for a command is in a function of its own.
  return function executeCommand(this: CachingClient): Promise<unknown> {
    const { clientSideCache } = this._self ?? this;
    return (clientSideCache === undefined ? original : executeCached).apply(this, arguments as never);
  };

  function executeCached(this: CachingClient, _command: unknown, parser: Parser): Promise<unknown> {
    const client = this._self ?? this;
    const cache = client.clientSideCache as ClientSideCache;
    caches.see(cache, () => clientOf(client as C));
    const before = hitsOf(cache);
    const promise = original.apply(this, arguments as never);
    const args = parser?.redisArgs;
    if (before === undefined || hitsOf(cache) === before || !Array.isArray(args)) return promise;
    // The command is a part of a call that is recorded as a whole.
    if (fanOuts.inside) {
      fanOuts.answeredLocally();
      return promise;
    }
    const command = tap.begin(clientOf(client as C), args);
    if (command === undefined) return promise;
    // Only the client's own methods call this, and they handle the promise.
    return watch(promise, { succeed: (reply) => tap.succeed(command, reply, true), fail: () => {} });
  }
}

const NO_NEWS: CacheNews = { hits: 0, misses: 0, evictions: 0, items: undefined };

/** The caches in use, each watched once: the clients of a pool share theirs. */
export class ClientCaches {
  private readonly seen = new WeakSet<ClientSideCache>();

  constructor(private readonly recorder: ConnectionRecorder) {}

  see(cache: ClientSideCache, clientOf: () => ClientRef): void {
    if (this.seen.has(cache) || typeof cache.stats !== 'function') return;
    this.seen.add(cache);
    const reference = new WeakRef(cache);
    let last = NO_NEWS;
    const read = (): CacheNews | undefined => {
      const seen = reference.deref();
      const stats = ask(() => seen?.stats?.());
      if (stats === undefined) return undefined;
      const { hitCount: hits = 0, missCount: misses = 0, evictionCount: evictions = 0 } = stats;
      const size = ask(() => seen?.size?.());
      // node-redis resets its counts when a connection is lost.
      const isReset = hits < last.hits || misses < last.misses || evictions < last.evictions;
      const before = isReset ? NO_NEWS : last;
      const items = typeof size === 'number' ? size : undefined;
      last = { hits, misses, evictions, items };
      return {
        hits: hits - before.hits,
        misses: misses - before.misses,
        evictions: evictions - before.evictions,
        items,
      };
    };
    this.recorder.watchCache({ facts: clientOf().facts, read });
  }
}

function hitsOf(cache: ClientSideCache): number | undefined {
  return ask(() => cache.stats?.())?.hitCount;
}

/** A cache may be the application's own. Reading it must not make its commands fail. */
function ask<T>(question: () => T): T | undefined {
  try {
    return question();
  } catch {
    return undefined;
  }
}
