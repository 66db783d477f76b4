// Knows: how each version of redis is made to do a scenario, and how to write down all that its application could notice.
// Must not know: tracing.
import { setTimeout as sleep } from 'node:timers/promises';
import { SEED_SCRIPT } from '../privacy/lines';
import type { RedisServer } from '../support/redis-server';
import { type Client, end, isIoredis, loadRedis, major, type Redis, type Version } from '../support/versions';
import { openClient } from './client';
import { contents } from './contents';
import { describe, outcomeOf } from './outcome';
import { type Call, type Flavour, SCRIPTS, type Step } from './scenario';
import { readyAgain, Subscriber, settled } from './subscriber';

type Server = Pick<RedisServer, 'host' | 'port' | 'request'>;

/** Longer than any answer takes on a busy machine. Who waits longer has none. */
const PATIENCE_MS = 8_000;
const EVENTS = ['error', 'connect', 'ready', 'reconnecting', 'end', 'warning'] as const;
/** In a transaction they would end it: then the replies are no longer those of its commands. */
const ENDS_TRANSACTION = /^(exec|discard|multi)$/i;

export interface Transcript {
  /** All that was seen, line by line. */
  readonly lines: readonly string[];
  /** Something was left hanging: whatever this process does next may be disturbed by it. */
  readonly isStuck: boolean;
}

/** Does the steps on a server with one key of each type. */
export async function play(version: Version, server: Server, flavour: Flavour, steps: readonly Step[]): Promise<Transcript> {
  for (const reset of [['FLUSHALL'], ['SCRIPT', 'FLUSH'], ['FUNCTION', 'FLUSH'], ['EVAL', SEED_SCRIPT, '0', 'k:']]) {
    await server.request(...reset);
  }
  const player = new Player(version, server);
  const onUnhandled = (reason: unknown): void => player.hear(`unhandled rejection of ${describe(reason)}`);
  process.on('unhandledRejection', onUnhandled);
  process.on('uncaughtException', player.break);
  try {
    await player.open(flavour);
    for (const [index, step] of steps.entries()) {
      player.write(`${index} ${step.do}`);
      await player.take(step);
      await settled();
      player.write(...player.heard.splice(0));
      if (player.isStuck) break;
    }
  } finally {
    await player.close();
  }
  const lines = [...player.transcript, ...player.heard, ...(await contents(server))];
  if (!player.isStuck) {
    process.off('unhandledRejection', onUnhandled);
    process.off('uncaughtException', player.break);
  }
  return { lines, isStuck: player.isStuck };
}

class Player {
  readonly transcript: string[] = [];
  /** Events of the current step. Whether one comes before or after a reply is up to packets. */
  readonly heard: string[] = [];
  isStuck = false;
  /** The library has thrown where nobody can catch, which ends most applications: nothing is expected of it after that. */
  readonly break: (error: Error) => void;
  private readonly broken: Promise<undefined>;
  private readonly redis: Redis;
  private owner: Client;
  /** What the calls go to: the client, or a view of it. */
  private client: Client;
  private isPool = false;
  private readonly subscriber: Subscriber;

  constructor(
    private readonly version: Version,
    private readonly server: Server,
  ) {
    this.redis = loadRedis(version);
    this.subscriber = new Subscriber(this.redis, server, (line) => this.hear(line));
    let giveUp: () => void;
    this.broken = new Promise((resolve) => {
      giveUp = () => resolve(undefined);
    });
    this.break = (error) => {
      this.hear(`uncaught ${describe(error)}`);
      this.isStuck = true;
      giveUp();
    };
  }

  write(...lines: readonly string[]): void {
    this.transcript.push(...lines);
  }

  hear(line: string): void {
    this.heard.push(line);
  }

  async open(flavour: Flavour): Promise<void> {
    const { owner, client, isPool } = await openClient(this.version, this.server, flavour);
    this.owner = owner;
    this.client = client;
    this.isPool = isPool;
    for (const event of EVENTS)
      owner.on(event, (value: unknown) => this.hear(`event ${event} ${event === 'error' ? describe(value) : ''}`));
  }

  async close(): Promise<void> {
    // What is still on its way would reach a closed client, which 4.0 takes for an unexpected reply.
    if (!this.isStuck) await this.end(() => this.owner.ping());
    await end(this.owner);
    await this.subscriber.close();
    await settled();
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'call':
        return this.tell(() => this.invoke(this.client, step.call));
      case 'ignore':
        return this.ignore(step.call);
      case 'together':
        return this.together(step.calls);
      case 'batch':
        return this.batch(step.as, step.calls);
      case 'watch':
        return this.watch(step.isTouched, step.calls);
      case 'abort':
        return this.abort(step.when, step.call);
      case 'script':
        return this.script(step);
      case 'subscribe':
        return this.tell(() => this.subscriber.subscribe(step.to, step.name));
      case 'unsubscribe':
        return this.tell(() => this.subscriber.unsubscribe(step.to, step.name));
      case 'publish':
        return this.publish(step.channel, step.message);
      case 'kill':
        return this.kill(step);
    }
  }

  private async tell(start: () => unknown): Promise<void> {
    this.write(await this.end(start));
  }

  /** How a call ended, unless it never does. */
  private async end(start: () => unknown): Promise<string> {
    const outcome = await Promise.race([outcomeOf(start), this.broken, sleep(PATIENCE_MS, undefined, { ref: false })]);
    if (outcome === undefined) this.isStuck = true;
    return outcome ?? 'no answer';
  }

  private invoke(target: Client, call: Call): unknown {
    if (this.isLegacy && 'method' in call && isNothing(call.args[0])) return 'not called';
    return 'line' in call ? target.sendCommand(call.line) : target[call.method](...call.args);
  }

  /** Nobody looks at how it ends: the process, or the client of redis 2 and 3, tells of a failure. */
  private async ignore(call: Call): Promise<void> {
    const { callbackClient } = this.owner;
    try {
      if (callbackClient === undefined || !('line' in call)) void this.invoke(this.client, call);
      else callbackClient.send_command(call.line[0], call.line.slice(1));
    } catch (error) {
      this.write(`thrown ${describe(error)}`);
    }
    await this.tell(() => this.client.ping());
  }

  private async together(calls: readonly Call[]): Promise<void> {
    // In the order of the calls: which of two promises settles first within a packet is not even the library's to say.
    this.write(...(await Promise.all(calls.map((call) => this.end(() => this.invoke(this.client, call))))));
  }

  private async batch(as: 'transaction' | 'pipeline' | 'abandoned', calls: readonly Call[]): Promise<void> {
    const batch = this.client.multi();
    for (const call of calls) {
      const name = 'line' in call ? String(call.line[0]) : call.method;
      if (ENDS_TRANSACTION.test(name)) continue;
      try {
        if ('line' in call) batch.addCommand(call.line);
        else batch[call.method](...call.args);
      } catch (error) {
        this.write(`${name} thrown ${describe(error)}`);
      }
    }
    if (as === 'transaction') await this.tell(() => batch.exec());
    if (as === 'pipeline') await this.tell(() => batch.execAsPipeline());
  }

  private async watch(isTouched: boolean, calls: readonly Call[]): Promise<void> {
    await this.tell(() => this.client.watch('k:text'));
    if (isTouched) await this.server.request('SET', 'k:text', 'touched');
    await this.batch('transaction', calls);
  }

  private async abort(when: 'before' | 'after', call: Call): Promise<void> {
    const controller = new AbortController();
    if (when === 'before') controller.abort();
    await this.tell(() => {
      const result = this.invokeWith(controller.signal, call);
      controller.abort();
      return result;
    });
  }

  private invokeWith(signal: AbortSignal, call: Call): unknown {
    if (this.isLegacy || isIoredis(this.version)) return this.invoke(this.client, call);
    if (major(this.version) >= 5) return this.invoke(this.client.withAbortSignal(signal), call);
    return 'line' in call
      ? this.client.sendCommand(call.line, { signal })
      : this.client[call.method](this.redis.commandOptions?.({ signal }), ...call.args);
  }

  private script({ defined, script, key, value }: Extract<Step, { do: 'script' }>): Promise<void> {
    return this.tell(() =>
      defined && !this.isLegacy
        ? this.client[`script${script}`](key, value)
        : this.client.eval(SCRIPTS[script], { keys: [key], arguments: [value] }),
    );
  }

  /** Redis tells how many deliveries there are. */
  private async publish(channel: string, message: string): Promise<void> {
    await this.tell(async () => {
      const receivers = await this.client.publish(channel, message);
      this.subscriber.expect(Number(receivers));
      return receivers;
    });
    await this.until(async () => this.subscriber.hasAll);
  }

  private async kill(step: Extract<Step, { do: 'kill' }>): Promise<void> {
    if (step.who === 'subscriber') return this.killSubscriber();
    if (this.isPool) return;
    const id = await this.owner.sendCommand(['CLIENT', 'ID']);
    const ready = this.tell(() => readyAgain(this.owner));
    const waiting = step.who === 'waiting' ? this.waitFor(step.calls) : undefined;
    if (waiting !== undefined) await this.until(() => this.hasBlocked());
    await this.server.request('CLIENT', 'KILL', 'ID', String(id));
    if (waiting !== undefined && isIoredis(this.version)) await this.unblock();
    await waiting;
    await ready;
  }

  /** A command that is not answered before the connection breaks, and what is sent behind it. */
  private waitFor(calls: readonly Call[]): Promise<void> {
    return this.together([{ method: 'blPop', args: ['never', 0] }, ...calls]);
  }

  private async hasBlocked(): Promise<boolean> {
    return String(await this.server.request('INFO', 'clients')).includes('blocked_clients:1');
  }

  /** What was not answered, ioredis sends again. */
  private async unblock(): Promise<void> {
    await this.until(() => this.hasBlocked());
    const clients = String(await this.server.request('CLIENT', 'LIST'));
    const id = /\bid=(\d+) .*\bcmd=blpop\b/.exec(clients)?.[1];
    if (id !== undefined) await this.server.request('CLIENT', 'UNBLOCK', id);
  }

  private async killSubscriber(): Promise<void> {
    const topics = await this.subscriber.countTopics();
    if (topics === 0) return;
    await this.tell(() => this.subscriber.kill());
    await this.until(async () => (await this.subscriber.countTopics()) === topics);
  }

  private async until(test: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    while (!(await test())) {
      if (Date.now() > deadline) {
        this.isStuck = true;
        return this.write('waited in vain');
      }
      await sleep(1);
    }
  }

  private get isLegacy(): boolean {
    return major(this.version) < 4;
  }
}

/** Redis 2 and 3 take the callback for the missing argument, or the other way round, and nothing is ever called. */
function isNothing(argument: unknown): boolean {
  return argument === undefined || (Array.isArray(argument) && argument.length === 0);
}
