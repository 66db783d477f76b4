// Knows: the client-side cache of redis 5.1 and later, whose hits never reach a server.
// Must not know: spans.
import type { Arguments, ClientRef } from '../core/events';
import type { Tap } from '../core/operation';

/** A client's own cache, as far as it says that it answered. */
interface ClientSideCache {
  stats?(): { readonly hitCount?: number };
}

interface CachingClient {
  readonly clientSideCache?: ClientSideCache;
}

interface Parser {
  readonly redisArgs?: Arguments;
}

export type ExecuteCommand = (this: CachingClient, command: unknown, parser: Parser, ...rest: unknown[]) => Promise<unknown>;

/**
 * Records what the cache answers. A hit is told from a miss that joins another's request, which looks the same from
 * outside, by the cache's own count: it moves synchronously. With `recordStats: false` there is no count and no span.
 */
export function wrapExecuteCommand<C extends object>(
  tap: Tap,
  clientOf: (client: C) => ClientRef,
  original: ExecuteCommand,
): ExecuteCommand {
  return function executeCommand(
    this: CachingClient & { readonly _self?: CachingClient },
    _command: unknown,
    parser: Parser,
  ): Promise<unknown> {
    const client = this._self ?? this;
    const cache = client.clientSideCache;
    if (cache === undefined) return original.apply(this, arguments as never);
    const before = hitsOf(cache);
    const promise = original.apply(this, arguments as never);
    const args = parser?.redisArgs;
    if (before === undefined || hitsOf(cache) === before || !Array.isArray(args)) return promise;
    const command = tap.begin(clientOf(client as C), args);
    if (command === undefined) return promise;
    return promise.then((reply) => {
      tap.succeed(command, reply, true);
      return reply;
    });
  };
}

function hitsOf(cache: ClientSideCache): number | undefined {
  return typeof cache.stats === 'function' ? cache.stats().hitCount : undefined;
}
