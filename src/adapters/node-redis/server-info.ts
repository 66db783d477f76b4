// Knows: where each redis version keeps the facts of a client.
// Must not know: what they are used for.
import type { ClientFacts } from '../../core/events';
import { DEFAULT_HOST, DEFAULT_PORT, hostIn, portOf, textOf } from '../shared/servers';

/** More clients than a usual process has: those beyond it are forgotten, the oldest first. */
export const MAX_CLIENTS = 10_000;

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
  const parsed = new URL(url);
  const { port, pathname } = parsed;
  return {
    socket: { ...socket, host: hostIn(parsed), ...(port === '' ? {} : { port }) },
    ...databaseIn(pathname.slice(1)),
  };
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
