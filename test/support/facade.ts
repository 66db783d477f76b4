// Knows: how the paths of the promise API of redis 4 are walked on other clients: redis 2 and 3, ioredis and iovalkey.
// Must not know: tracing.
import { createRequire } from 'node:module';
import type { Client, Redis } from './versions';

type Callback = (error: unknown, reply: unknown) => void;
type Call = (...args: unknown[]) => unknown;
type Commands = Readonly<Record<string, { transformArguments(...args: unknown[]): string[] } | undefined>>;

interface Options {
  readonly socket?: object;
  readonly database?: number;
  readonly RESP?: number;
  readonly scripts?: Readonly<Record<string, { readonly SCRIPT: string; readonly NUMBER_OF_KEYS: number }>>;
}

interface ClusterOptions extends Pick<Options, 'scripts'> {
  readonly rootNodes: readonly { readonly url: string }[];
}

interface SentinelOptions {
  readonly name: string;
  readonly sentinelRootNodes: readonly object[];
}

/** What each library has for the things that redis 4 has. */
interface Driver {
  create(redis: Client, options: Options): Client;
  createCluster?(redis: Client, options: ClusterOptions): Client;
  createSentinel?(redis: Client, options: SentinelOptions): Client;
  subscriptions?(client: Client): Record<string, Call>;
  /** Whether it is ready to be used. */
  isReady(client: Client): boolean;
  end(client: Client): void;
  /** Sends a command by the method it has. */
  send(client: Client, name: string, args: readonly unknown[]): Promise<unknown>;
  /** Sends a command that may have no method. */
  sendRaw(client: Client, name: string, args: readonly unknown[]): Promise<unknown>;
  multi(client: Client): Client;
  pipeline(client: Client): Client;
  exec(batch: Client): Promise<unknown>;
}

const EVENTS = new Set(['on', 'once', 'off', 'removeListener', 'emit', 'listenerCount']);

/** The callback API of redis 2 and 3. */
const CALLBACKS: Driver = {
  create: (redis, options) => redis.createClient({ ...flat(options), retry_strategy: () => 50 }),
  isReady: (client) => client.ready,
  end: (client) => client.end(false),
  send: (client, name, args) => promised((callback) => client[name](...args, callback)),
  // From 2.8 on the client itself sends it in lower case.
  sendRaw: (client, name, args) => promised((callback) => client.send_command(name.toLowerCase(), args, callback)),
  multi: (client) => client.multi(),
  pipeline: (client) => client.batch(),
  exec: (batch) => promised((callback) => batch.exec(callback)),
};

/** ioredis and iovalkey. What is returned is the client's own promise. */
const IOREDIS: Driver = {
  create: (Redis, { scripts, RESP: protocol, ...options }) =>
    withScripts(new Redis({ ...flat(options), ...(protocol === undefined ? {} : { protocol }), retryStrategy: () => 50 }), scripts),
  createCluster: ({ Cluster }, { rootNodes, scripts, ...options }) =>
    withScripts(
      new Cluster(
        rootNodes.map(({ url }) => url),
        options,
      ),
      scripts,
    ),
  createSentinel: (Redis, { name, sentinelRootNodes }) => new Redis({ name, sentinels: sentinelRootNodes, retryStrategy: () => 50 }),
  subscriptions: subscriptionsOf,
  isReady: (client) => client.status === 'ready',
  end: (client) => client.disconnect(),
  send: (client, name, args) => client[name](...args),
  sendRaw: (client, name, args) => client.call(name.toLowerCase(), ...args),
  multi: (client) => client.multi(),
  pipeline: (client) => client.pipeline(),
  exec: async (batch) => {
    const results: (readonly [error: unknown, value: unknown])[] | null = await batch.exec();
    return results?.map(([error, value]) => error ?? value) ?? null;
  },
};

function withScripts(client: Client, scripts: Options['scripts'] = {}): Client {
  for (const [name, { SCRIPT: lua, NUMBER_OF_KEYS: numberOfKeys }] of Object.entries(scripts)) {
    client.defineCommand(name, { lua, numberOfKeys });
  }
  return client;
}

type Listener = (message: unknown, channel: string) => unknown;

const SUBSCRIPTIONS = [
  ['subscribe', 'unsubscribe', 'message'],
  ['pSubscribe', 'pUnsubscribe', 'pmessage'],
  ['sSubscribe', 'sUnsubscribe', 'smessage'],
] as const;

/** One listener of the client for each that redis 4 would have, which hears its own channel alone. */
function subscriptionsOf(client: Client): Record<string, Call> {
  const calls = SUBSCRIPTIONS.flatMap(([subscribe, unsubscribe, event]): [string, Call][] => {
    /** By channel: each listener, and how the client calls it. */
    const listeners = new Map<string, { event: string; listener: unknown; heard: Listener }[]>();
    const eventOf = (asBytes: unknown): string => (asBytes === true ? `${event}Buffer` : event);
    const add = async (channels: unknown, listener: unknown, asBytes: unknown): Promise<void> => {
      for (const channel of [channels].flat() as string[]) {
        const one = { event: eventOf(asBytes), listener, heard: heardBy(event, channel, listener as Listener) };
        client.on(one.event, one.heard);
        listeners.set(channel, [...(listeners.get(channel) ?? []), one]);
      }
      await client[subscribe.toLowerCase()](channels);
    };
    const remove = async (channel: unknown, listener?: unknown, asBytes?: unknown): Promise<void> => {
      const known = listeners.get(channel as string) ?? [];
      const gone = known.filter((one) => listener === undefined || (one.listener === listener && one.event === eventOf(asBytes)));
      for (const one of gone) client.off(one.event, one.heard);
      listeners.set(
        channel as string,
        known.filter((one) => !gone.includes(one)),
      );
      if (gone.length === known.length) await client[unsubscribe.toLowerCase()](channel);
    };
    return [
      [subscribe, add],
      [unsubscribe, remove],
    ];
  });
  return Object.fromEntries(calls);
}

/** A listener of the client that calls another for one channel or pattern. It is async if the other is. */
function heardBy(event: string, name: string, listener: Listener): Listener {
  const call = (about: unknown, ...rest: unknown[]): unknown => {
    const [message, channel] = event === 'pmessage' ? [rest[1], rest[0]] : [rest[0], about];
    return String(about) === name ? listener(message, Buffer.isBuffer(message) ? (channel as string) : String(channel)) : undefined;
  };
  return listener.constructor.name === 'AsyncFunction' ? async (...args: [unknown, ...unknown[]]) => call(...args) : call;
}

/**
 * Another API as that of redis 4: names and arguments as it writes them, sent by the methods the library has for them.
 * Nothing is sent that an application of that library could not send.
 */
function facade(redis: Client, commands: Commands, driver: Driver): Redis {
  const createClient = (options: Options = {}) => facadeOf(driver.create(redis, options), commands, driver);
  const wrapped =
    <T>(create: ((redis: Client, options: T) => Client) | undefined) =>
    (options: unknown) =>
      create === undefined ? unsupported() : facadeOf(create(redis, options as T), commands, driver);
  const [createCluster, createSentinel] = [wrapped(driver.createCluster), wrapped(driver.createSentinel)];
  return { createClient, createCluster, createSentinel, defineScript: (script) => script, library: redis };
}

export const callbackFacade = (redis: Client, commands: Commands): Redis => facade(redis, commands, CALLBACKS);
export const ioredisFacade = (redis: Client, commands: Commands): Redis => facade(redis, commands, IOREDIS);

/** The commands of redis 4, which know how to write a call down. */
export function commandsOf(folder: string): Commands {
  const require = createRequire(createRequire(`${folder}/package.json`).resolve('redis'));
  return require('@redis/client/dist/lib/client/commands.js').default as Commands;
}

function unsupported(): never {
  throw new Error('the facade has no such thing');
}

function flat({ socket = {}, database, ...rest }: Options): object {
  return { ...socket, ...rest, ...(database === undefined ? {} : { db: database }) };
}

function facadeOf(client: Client, commands: Commands, driver: Driver): Client {
  const own: Record<string, Call> = {
    connect: async () => {
      if (!driver.isReady(client)) await new Promise((resolve) => client.once('ready', resolve));
    },
    disconnect: async () => driver.end(client),
    destroy: async () => driver.end(client),
    sendCommand: (args) => {
      const [name = '', ...rest] = args as string[];
      return driver.sendRaw(client, name, rest);
    },
    quit: () => driver.send(client, 'quit', []),
    select: (database) => driver.send(client, 'select', [database]),
    multi: () => multiOf(client, commands, driver),
    // A client is a connection: there is nothing to lease.
    use: (run) => (run as (lease: Client) => unknown)(proxy),
    ...driver.subscriptions?.(client),
  };
  const proxy: Client = new Proxy(client, {
    get: (target, name: string) =>
      (name === 'callbackClient' || name === 'client' ? target : own[name]) ??
      (EVENTS.has(name) ? target[name].bind(target) : callOf(target, name, commands, driver)),
  });
  return proxy;
}

function callOf(client: Client, name: string, commands: Commands, driver: Driver): unknown {
  const command = commands[name.toUpperCase()] ?? commands[snakeCase(name)];
  if (command === undefined) return typeof client[name] === 'function' ? client[name].bind(client) : client[name];
  return (...args: unknown[]) => {
    const [word = '', ...rest] = writtenBy(command, args);
    return driver.send(client, word.toLowerCase(), rest);
  };
}

function multiOf(client: Client, commands: Commands, driver: Driver): Client {
  const multi = driver.multi(client);
  const queued: string[][] = [];
  const add = (words: string[]): Client => {
    queued.push(words);
    return proxy;
  };
  const run = (batch: Client): Promise<unknown> => {
    for (const [word = '', ...rest] of queued) batch[/[a-z]/.test(word) ? word : word.toLowerCase()](...rest);
    return driver.exec(batch);
  };
  const own: Record<string, Call> = {
    exec: (asPipeline) => run(asPipeline === true ? driver.pipeline(client) : multi),
    execAsPipeline: () => run(driver.pipeline(client)),
    addCommand: (words) => add(words as string[]),
  };
  const proxy: Client = new Proxy(
    {},
    {
      get: (_, name: string) => {
        const command = commands[name.toUpperCase()] ?? commands[snakeCase(name)];
        if (own[name] !== undefined) return own[name];
        if (command !== undefined) return (...args: unknown[]) => add(writtenBy(command, args));
        return (...args: string[]) => add([name, ...args]);
      },
    },
  );
  return proxy;
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
