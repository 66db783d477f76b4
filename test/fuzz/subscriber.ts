// Knows: how each version of redis listens to channels and patterns, and that every delivery was heard.
// Must not know: tracing.
import type { RedisServer } from '../support/redis-server';
import { type Client, connect, end, type Redis } from '../support/versions';
import { describe } from './outcome';

type To = 'channel' | 'pattern';

/** A connection of its own, opened when it is first needed. */
export class Subscriber {
  private client: Client;
  private delivered = 0;
  private expected = 0;

  constructor(
    private readonly redis: Redis,
    private readonly server: Pick<RedisServer, 'host' | 'port' | 'request'>,
    private readonly hear: (line: string) => void,
  ) {}

  async subscribe(to: To, name: string): Promise<unknown> {
    this.client ??= await this.open();
    const { callbackClient } = this.client;
    if (callbackClient === undefined) return this.client[to === 'channel' ? 'subscribe' : 'pSubscribe'](name, this.receive);
    return called((done) => callbackClient[to === 'channel' ? 'subscribe' : 'psubscribe'](name, done));
  }

  async unsubscribe(to: To, name: string): Promise<unknown> {
    if (this.client === undefined) return 'not subscribed';
    const { callbackClient } = this.client;
    if (callbackClient === undefined) return this.client[to === 'channel' ? 'unsubscribe' : 'pUnsubscribe'](name);
    return called((done) => callbackClient[to === 'channel' ? 'unsubscribe' : 'punsubscribe'](name, done));
  }

  /** Redis tells how many deliveries a message makes. */
  expect(deliveries: number): void {
    this.expected += deliveries;
  }

  get hasAll(): boolean {
    return this.delivered >= this.expected;
  }

  /** Breaks the connection, and waits for the next. */
  async kill(): Promise<void> {
    const ready = readyAgain(this.client);
    await this.server.request('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await ready;
  }

  async countTopics(): Promise<number> {
    const channels = (await this.server.request('PUBSUB', 'CHANNELS')) as unknown[];
    return channels.length + Number(await this.server.request('PUBSUB', 'NUMPAT'));
  }

  async close(): Promise<void> {
    if (this.client !== undefined) await end(this.client);
  }

  private async open(): Promise<Client> {
    const { redis, server } = this;
    const client = await connect(redis, server, { socket: { host: server.host, port: server.port, reconnectStrategy: () => 20 } });
    client.callbackClient?.on('message', (channel: string, message: string) => this.receive(message, channel));
    client.callbackClient?.on('pmessage', (_: string, channel: string, message: string) => this.receive(message, channel));
    return client;
  }

  /** The same function for every topic, so that every delivery is heard once. */
  private readonly receive = async (message: string, channel: string): Promise<void> => {
    this.hear(`message ${channel} ${describe(message)}`);
    await settled();
    this.delivered += 1;
  };
}

export async function readyAgain(client: Client): Promise<void> {
  await new Promise((resolve) => client.once('ready', resolve));
}

function called(start: (done: (error: unknown, reply: unknown) => void) => void): Promise<unknown> {
  return new Promise((resolve, reject) => start((error, reply) => (error ? reject(error) : resolve(reply))));
}

/** Unhandled rejections are told of, and async listeners go on, once the microtasks are through. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}
