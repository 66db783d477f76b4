// Knows: where each redis version keeps the facts of a client, and remembers them.
// Must not know: what they are used for.
import type { ClientFacts, ClientRef } from '../../core/events';

const DEFAULT_HOST = 'localhost';
const DEFAULT_PORT = 6379;

/** Socket options, as users give them to every version from 4 on. */
interface SocketOptions {
  readonly host?: unknown;
  readonly port?: unknown;
  readonly path?: unknown;
}

/** The client options that say where a client connects. */
export interface ClientOptions {
  /** A pool has no client of these options, so the URL is not parsed yet. */
  readonly url?: unknown;
  readonly socket?: SocketOptions;
  readonly database?: unknown;
}

/** The facts of a client from its options. Missing ones have the defaults of node-redis. */
export function factsFrom(given: ClientOptions | undefined): ClientFacts {
  const options = given?.url === undefined ? given : { ...given, ...optionsIn(given.url, given.socket) };
  const socket = options?.socket;
  const path = textOf(socket?.path);
  const database = options?.database;
  return Object.freeze({
    serverAddress: path ?? textOf(socket?.host) ?? DEFAULT_HOST,
    serverPort: path === undefined ? (portOf(socket?.port) ?? DEFAULT_PORT) : undefined,
    peerAddress: undefined,
    peerPort: undefined,
    namespace: typeof database === 'number' || typeof database === 'string' ? String(database) : '0',
  });
}

/** As node-redis reads them: with a user and a password they are no URLs to `URL`. */
const UNIX_URL = /^unix:\/\/(?:[^@/]*@)?(\/[^?#]+)(?:\?([^#]*))?/;

/** A URL has precedence over other options. Its user and password are not read. */
function optionsIn(url: unknown, socket: SocketOptions | undefined): ClientOptions {
  if (typeof url !== 'string') return {};
  const [, path, query] = UNIX_URL.exec(url) ?? [];
  if (path !== undefined)
    return { socket: { path: decoded(path) }, ...databaseIn(new URLSearchParams(query).get('db')) };
  if (!URL.canParse(url)) return {};
  const { hostname, port, pathname } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  return { socket: { ...socket, host, ...(port === '' ? {} : { port }) }, ...databaseIn(pathname.slice(1)) };
}

/** A path that cannot be decoded is refused by node-redis. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function databaseIn(text: string | null): ClientOptions {
  return text === null || text === '' ? {} : { database: String(Number(text)) };
}

/** The address of a node of a cluster or a sentinel: a URL, socket options, or host and port. */
export function hostAndPort(node: unknown): string {
  const { url, socket, host, port } = (node ?? {}) as { url?: unknown; socket?: SocketOptions } & SocketOptions;
  const fromUrl = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined;
  const name = textOf(fromUrl?.hostname) ?? textOf(socket?.host) ?? textOf(host) ?? DEFAULT_HOST;
  return `${name}:${portOf(fromUrl?.port || undefined) ?? portOf(socket?.port) ?? portOf(port) ?? DEFAULT_PORT}`;
}

/** Handles SELECT: later replies of this client come from another database. */
export function selectDatabase(ref: ClientRef, database: unknown): void {
  const namespace = typeof database === 'number' ? String(database) : textOf(database);
  if (namespace === undefined || namespace === ref.facts.namespace) return;
  ref.facts = Object.freeze({ ...ref.facts, namespace });
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function portOf(value: unknown): number | undefined {
  const port = typeof value === 'string' ? Number(value) : value;
  return typeof port === 'number' && Number.isInteger(port) ? port : undefined;
}
