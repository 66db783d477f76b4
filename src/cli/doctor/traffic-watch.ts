// Knows: what the Redis protocol looks like on a socket, and which file wrote it.
// Must not know: which client it is; more of a command than its name.
import { errorMonitor } from 'node:events';
import { Socket } from 'node:net';
import { sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ignoringErrors } from './ignoring-errors';
import type { SeenCommands, Snapshot } from './snapshot';

const NAMES_KEPT = 5;
const ERRORS_KEPT = 5;
const FRAMES = 40;

/** Commands that clients send by themselves when they connect. */
const HANDSHAKE = new Set([
  'HELLO',
  'AUTH',
  'CLIENT',
  'SELECT',
  'INFO',
  'PING',
  'READONLY',
  'CLUSTER',
  'SENTINEL',
  'COMMAND',
  'QUIT',
  'ROLE',
]);

interface ConnectError extends NodeJS.ErrnoException {
  readonly address?: string;
  readonly port?: number;
}

type Call = (this: Socket, ...args: never[]) => unknown;

/** Sees the commands of any sender. The code of a bundle is in no module that could be recognised. */
export class TrafficWatch {
  private readonly commands = new Map<string, SeenCommands>();
  private readonly errors: string[] = [];
  private readonly senders = new WeakMap<Socket, string>();
  /** Sockets to which the head of a command was written, but not its name yet. */
  private readonly begun = new WeakSet<Socket>();
  private readonly clients: RegExp;

  /** @param packages clients whose failed connections are reported */
  constructor(packages: readonly string[]) {
    this.clients = new RegExp(`/node_modules/(${packages.join('|')})/`);
    this.before('write', (socket, [chunk]) => this.look(socket, chunk));
    this.before('connect', (socket) => this.follow(socket));
  }

  seen(): Pick<Snapshot, 'commands' | 'connectionErrors'> {
    return { commands: [...this.commands.values()], connectionErrors: this.errors };
  }

  private before(method: 'write' | 'connect', seen: (socket: Socket, args: unknown[]) => void): void {
    const original = Socket.prototype[method] as Call;
    const replacement: Call = function (...args) {
      ignoringErrors(() => seen(this, args));
      return original.apply(this, args);
    };
    Object.defineProperty(Socket.prototype, method, { value: replacement, configurable: true, writable: true });
  }

  private look(socket: Socket, chunk: unknown): void {
    const name = this.nameIn(socket, chunk);
    if (name === undefined || HANDSHAKE.has(name)) return;
    const sender = this.senderOf(socket);
    const seen = this.commands.get(sender) ?? { sender, count: 0, names: [] };
    this.commands.set(sender, seen);
    seen.count += 1;
    if (seen.names.length < NAMES_KEPT && !seen.names.includes(name)) seen.names.push(name);
  }

  /** A name that is a separate buffer comes after the write that begins the command. */
  private nameIn(socket: Socket, chunk: unknown): string | undefined {
    const text = startOf(chunk);
    if (text === undefined) return undefined;
    if (this.begun.delete(socket)) return /^[A-Za-z.]+$/.test(text) ? text.toUpperCase() : undefined;
    if (/^\*\d+\r\n\$\d+\r\n$/.test(text)) this.begun.add(socket);
    return commandIn(text);
  }

  private senderOf(socket: Socket): string {
    const known = this.senders.get(socket) ?? callers()[0] ?? 'unknown';
    this.senders.set(socket, known);
    return known;
  }

  private follow(socket: Socket): void {
    if (!callers().some((file) => this.clients.test(file))) return;
    // This changes nothing for the program: an error without a listener of its own is still thrown.
    socket.once(errorMonitor as unknown as 'error', ({ code, address, port }: ConnectError) => {
      const where = address === undefined ? '' : ` at ${address}${port === undefined ? '' : `:${port}`}`;
      const text = `${code ?? 'an error'}${where}`;
      if (this.errors.length < ERRORS_KEPT && !this.errors.includes(text)) this.errors.push(text);
    });
  }
}

function startOf(chunk: unknown): string | undefined {
  if (typeof chunk !== 'string' && !Buffer.isBuffer(chunk)) return undefined;
  return typeof chunk === 'string' ? chunk.slice(0, 64) : chunk.toString('latin1', 0, 64);
}

/** Reads the name of a command as RESP writes it (`*3 $3 SET …`, by lines), in upper case. undefined: it is none. */
function commandIn(start: string): string | undefined {
  return /^\*\d+\r\n\$\d+\r\n([A-Za-z.]+)\r\n/.exec(start)?.[1]?.toUpperCase();
}

/** The files of the program on the stack, the innermost first, with forward slashes. */
function callers(): string[] {
  const { prepareStackTrace, stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = FRAMES;
    Error.prepareStackTrace = (_error, frames) => frames;
    const holder: { stack?: NodeJS.CallSite[] } = {};
    Error.captureStackTrace(holder);
    const files = (holder.stack ?? []).map((frame) => frame.getFileName() ?? '');
    return files.filter((file) => file !== '' && !file.startsWith(__dirname) && !file.startsWith('node:')).map(pathOf);
  } finally {
    Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  }
}

function pathOf(file: string): string {
  return (file.startsWith('file:') ? fileURLToPath(file) : file).split(sep).join('/');
}
