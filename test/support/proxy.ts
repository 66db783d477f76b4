// Knows: how a connection breaks after a given number of bytes, in either direction.
// Must not know: what the bytes mean.
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Where one connection breaks. */
export interface Cut {
  /** Whose bytes are counted. */
  readonly from: 'client' | 'server';
  /** So many arrive, and none after them. */
  readonly bytes: number;
  /** How the client is told: RST, or an orderly end in the middle. */
  readonly how: 'reset' | 'end';
}

export interface Proxy {
  readonly host: string;
  readonly port: number;
  /** From now on connections are left alone. */
  relent(): void;
  /** From now on no new connection is made. */
  refuse(): void;
  stop(): Promise<void>;
}

interface Target {
  readonly host: string;
  readonly port: number;
}

/** Passes on what clients and the server at `target` say; the n-th connection breaks at the n-th cut. */
export async function startProxy(target: Target, cuts: readonly Cut[]): Promise<Proxy> {
  const left = [...cuts];
  const connections = new Set<Connection>();
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true).on('error', () => {});
      socket.once('close', () => sockets.delete(socket));
    }
    const connection = { cut: left.shift() };
    connections.add(connection);
    client.once('close', () => connections.delete(connection));
    join(client, upstream, connection);
  });
  const port = await listen(server);
  return {
    host: target.host,
    port,
    relent: () => {
      left.length = 0;
      for (const connection of connections) connection.cut = undefined;
    },
    refuse: () => void server.close(),
    stop: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

export function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

interface Connection {
  cut: Cut | undefined;
}

function join(client: Socket, upstream: Socket, connection: Connection): void {
  const tell = () => (connection.cut?.how === 'reset' ? reset(client) : client.end());
  const limitOf = (from: Cut['from']) => () => (connection.cut?.from === from ? connection.cut.bytes : Infinity);
  // The server answers whatever arrived whole before the client learns that the rest did not.
  pass(client, upstream, limitOf('client'), () => upstream.end());
  pass(upstream, client, limitOf('server'), () => {
    upstream.destroy();
    tell();
  });
  upstream.once('close', tell);
  client.once('end', () => upstream.end());
  client.once('close', () => upstream.destroy());
}

/** An RST and nothing else: `resetAndDestroy()` alone ends the connection in good order first, and which is noticed is a race. */
function reset(socket: Socket): void {
  Object.assign(socket, { resetAndClosing: true });
  socket.destroy();
}

/** Passes so many bytes on, then nothing; `cut` is called once they are on their way. */
function pass(from: Socket, to: Socket, limit: () => number, cut: () => void): void {
  let passed = 0;
  let isCut = false;
  from.on('data', (chunk) => {
    if (isCut) return;
    const part = chunk.subarray(0, limit() - passed);
    passed += part.length;
    isCut = passed >= limit();
    to.write(part, isCut ? cut : undefined);
  });
}
