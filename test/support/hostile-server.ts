// Knows: how a server answers that follows no protocol, or is somebody else's.
// Must not know: any client library.
import { EventEmitter, once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { parse } from '../../scripts/resp.mjs';
import { listen } from './proxy';

export interface HostileServer {
  readonly host: string;
  readonly port: number;
  /** Once the next proper answer has been given: closes all connections, in good order. */
  hangUp(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Answers `GET <name>:…` with the bytes of that name, and a GET of anything else properly; the two arrive together, so
 * that it is no matter of time what a parser sees. Whatever else a client says in greeting is answered with OK.
 *
 * @param replies the bytes, by name
 */
export async function startHostileServer(replies: ReadonlyMap<string, Buffer>): Promise<HostileServer> {
  const sockets = new Set<Socket>();
  const answers = new EventEmitter();
  let isAnswered = false;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true).on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
    let held: Buffer = Buffer.alloc(0);
    forEachCommand(socket, ([name = '', key = '']) => {
      const bytes = replies.get(key.split(':')[0] ?? '');
      if (name.toUpperCase() !== 'GET') return socket.write(name.toUpperCase() === 'INFO' ? INFO : '+OK\r\n');
      if (bytes !== undefined) {
        held = bytes;
        return;
      }
      socket.write(Buffer.concat([held, GOOD]));
      isAnswered = true;
      answers.emit('answered');
    });
  });
  const port = await listen(server);
  return {
    host: '127.0.0.1',
    port,
    hangUp: async () => {
      if (!isAnswered) await once(answers, 'answered');
      isAnswered = false;
      for (const socket of sockets) socket.end();
    },
    stop: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

const GOOD = Buffer.from(bulk('good'));
const INFO = bulk('redis_version:7.0.0\r\nloading:0\r\n');

function bulk(text: string): string {
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}

function forEachCommand(socket: Socket, handle: (command: string[]) => unknown): void {
  let received: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    for (let command = parse(received, 0); command !== undefined; command = parse(received, 0)) {
      received = received.subarray(command.next);
      handle(command.value as string[]);
    }
  });
}
