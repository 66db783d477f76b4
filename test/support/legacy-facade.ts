// Knows: how the paths of the promise API are walked on the callback API of redis 2 and 3.
// Must not know: tracing.
import { createRequire } from 'node:module';
import type { Client, Redis } from './versions';

type Callback = (error: unknown, reply: unknown) => void;
type Call = (...args: unknown[]) => unknown;
type Commands = Readonly<Record<string, { transformArguments(...args: unknown[]): string[] } | undefined>>;

const EVENTS = new Set(['on', 'once', 'off', 'removeListener', 'emit', 'listenerCount']);

/**
 * The callback API as a promise API: names and arguments as redis 4 writes them, sent by the methods redis 2 and 3
 * have for them. Nothing is sent that an application of those versions could not send.
 */
export function promising(redis: Client, commands: Commands): Redis {
  const createClient = (options: { socket?: object; database?: number } = {}) => facadeOf(redis.createClient(optionsOf(options)), commands);
  return { createClient, createCluster: unsupported, defineScript: unsupported };
}

/** The commands of redis 4, which know how to write a call down. */
export function commandsOf(folder: string): Commands {
  const require = createRequire(createRequire(`${folder}/package.json`).resolve('redis'));
  return require('@redis/client/dist/lib/client/commands.js').default as Commands;
}

function unsupported(): never {
  throw new Error('redis 2 and 3 have no such thing');
}

function optionsOf({ socket = {}, database, ...rest }: { socket?: object; database?: number }): object {
  return { ...socket, ...rest, ...(database === undefined ? {} : { db: database }), retry_strategy: () => 50 };
}

function facadeOf(client: Client, commands: Commands): Client {
  const own: Record<string, Call> = {
    connect: async () => {
      if (!client.ready) await new Promise((resolve) => client.once('ready', resolve));
    },
    disconnect: async () => client.end(false),
    sendCommand: (args) => {
      const [name, ...rest] = args as string[];
      return promised((callback) => client.send_command(name, rest, callback));
    },
    quit: () => promised((callback) => client.quit(callback)),
    select: (database) => promised((callback) => client.select(database, callback)),
    multi: () => multiOf(client.multi(), client, commands),
  };
  return new Proxy(client, {
    get: (target, name: string) =>
      (name === 'callbackClient' ? target : own[name]) ?? (EVENTS.has(name) ? target[name].bind(target) : callOf(target, name, commands)),
  });
}

function callOf(client: Client, name: string, commands: Commands): Call | undefined {
  const command = commands[name.toUpperCase()] ?? commands[snakeCase(name)];
  if (command === undefined) return undefined;
  return (...args) => {
    const [word = '', ...rest] = writtenBy(command, args);
    return promised((callback) => client[word.toLowerCase()](...rest, callback));
  };
}

function multiOf(multi: Client, client: Client, commands: Commands): Client {
  const queued: string[][] = [];
  const add = (words: string[]): Client => {
    queued.push(words);
    return facade;
  };
  const run = (batch: Client): Promise<unknown> => {
    for (const [word = '', ...rest] of queued) batch[word.toLowerCase()](...rest);
    return promised((callback) => batch.exec(callback));
  };
  const own: Record<string, Call> = {
    exec: (asPipeline) => run(asPipeline === true ? client.batch() : multi),
    execAsPipeline: () => run(client.batch()),
    addCommand: (words) => add(words as string[]),
  };
  const facade: Client = new Proxy(
    {},
    {
      get: (_, name: string) => {
        const command = commands[name.toUpperCase()] ?? commands[snakeCase(name)];
        return own[name] ?? (command && ((...args: unknown[]) => add(writtenBy(command, args))));
      },
    },
  );
  return facade;
}

function writtenBy(command: { transformArguments(...args: unknown[]): string[] }, args: unknown[]): string[] {
  return [...command.transformArguments(...args)];
}

/** `configGet` is CONFIG_GET. */
function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

function promised(start: (callback: Callback) => void): Promise<unknown> {
  return new Promise((resolve, reject) => start((error, reply) => (error ? reject(error) : resolve(reply))));
}
