// Knows: how users name a server, and the facts of a client, of a node, and of the group that a node belongs to.
// Must not know: where a library keeps them, what they are used for.
import { type ClientFacts, type ClientRef, UNKNOWN_SERVER } from '../../core/events';

export const DEFAULT_HOST = 'localhost';
export const DEFAULT_PORT = 6379;

interface Address {
  readonly url?: unknown;
  readonly socket?: Address;
  readonly host?: unknown;
  readonly port?: unknown;
}

/** The configured addresses, in an order that does not depend on the configuration. */
export function addressOfAll(nodes: unknown, defaultPort = DEFAULT_PORT): string {
  if (!Array.isArray(nodes)) return '';
  return nodes
    .map((node) => hostAndPort(node, defaultPort))
    .sort()
    .join(',');
}

/** The address of a node, given as a port, `host:port`, a URL, socket options, or host and port. */
function hostAndPort(node: unknown, defaultPort = DEFAULT_PORT): string {
  if (typeof node === 'number' || (typeof node === 'string' && /^\d+$/.test(node))) return `${DEFAULT_HOST}:${node}`;
  const given = (typeof node === 'string' ? { url: node.includes('://') ? node : `redis://${node}` } : node) as Address;
  const { url, socket, host, port } = given ?? {};
  const fromUrl = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined;
  const name = textOf(fromUrl && hostIn(fromUrl)) ?? textOf(socket?.host) ?? textOf(host) ?? DEFAULT_HOST;
  return `${name}:${portOf(fromUrl?.port || undefined) ?? portOf(socket?.port) ?? portOf(port) ?? defaultPort}`;
}

/** Addresses of version 6 are in brackets there. */
export function hostIn({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function portOf(value: unknown): number | undefined {
  const port = typeof value === 'string' ? Number(value) : value;
  return typeof port === 'number' && Number.isInteger(port) ? port : undefined;
}

/** Handles SELECT: later replies of this client come from another database. */
export function selectDatabase(ref: ClientRef, database: unknown): void {
  const namespace = typeof database === 'number' ? String(database) : textOf(database);
  if (namespace === undefined || namespace === ref.facts.namespace) return;
  ref.facts = Object.freeze({ ...ref.facts, namespace });
}

/** The facts of a whole group. @param namespace a cluster has one database */
export function factsOfGroup(serverAddress: string, namespace?: string): ClientFacts {
  return Object.freeze({ ...UNKNOWN_SERVER, serverAddress, namespace });
}

/** The facts of a node: the group is the server, the node is the peer. */
export function asNodeOf(
  address: string | undefined,
  { serverAddress, serverPort, namespace }: ClientFacts,
): ClientFacts {
  const peer = { peerAddress: serverAddress, peerPort: serverPort };
  return Object.freeze({ serverAddress: address, serverPort: undefined, ...peer, namespace });
}

/** The facts of a node by itself: what happens to its connection does not happen to the group. */
export function asItself(facts: ClientFacts): ClientFacts {
  const { peerAddress: serverAddress, peerPort: serverPort } = facts;
  if (serverAddress === undefined) return facts;
  return Object.freeze({ ...facts, serverAddress, serverPort, peerAddress: undefined, peerPort: undefined });
}
