// Knows: how the semantic conventions name a pool, or the connection of a client without one.
// Must not know: who has a pool.
import type { ClientFacts } from './events';

/** The name of the semantic conventions for a pool without one. */
export function poolNameOf({ serverAddress, serverPort, namespace }: ClientFacts): string {
  const server = serverPort === undefined ? serverAddress : `${serverAddress}:${serverPort}`;
  return namespace === undefined ? `${server}` : `${server}/${namespace}`;
}
