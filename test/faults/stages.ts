// Knows: the servers that each scenario runs on, and how each fault is made.
// Must not know: any client library, what is compared.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { startHostileServer } from '../support/hostile-server';
import { type Cut, listen, startProxy } from '../support/proxy';
import { type ClusterNode, eventually, type RedisServer, startCluster, startSentinel, startStandalone } from '../support/redis-server';
import { comeBack, failOver, failOverSentinel, moveSlot } from '../support/topology';
import type { Faults } from './director';

/** Where one run takes place. */
export interface Stage {
  /** What the application is told of it. */
  readonly told: object;
  readonly faults: Faults;
  /** In addition to the environment of the tests. */
  readonly env?: NodeJS.ProcessEnv;
  /** Asserts what is to be seen outside of the application, once it has ended with us. */
  verify?(): void;
  stop(): Promise<void>;
}

export type StartStage = (size: number, seed: number, version: string) => Promise<Stage>;

const placeOf = ({ host, port }: Pick<RedisServer, 'host' | 'port'>) => ({ host, port });

/** One server that can be stopped and started. */
export const standalone: StartStage = async (size) => {
  const server = await startStandalone();
  return {
    told: { server: placeOf(server), rounds: 4 * size },
    faults: {
      pause: () => server.pause(),
      resume: () => server.resume(),
      crash: () => server.crash(),
      revive: () => server.revive(),
      telemetry: () => {},
      // Zeros: SETRANGE makes them without sending them.
      fill: async (key) => {
        await server.request('SETRANGE', key ?? '', 100 * 1024 * 1024 - 1, 'x');
      },
    },
    stop: () => server.stop(),
  };
};

/** A server behind a proxy that breaks the first connections at positions that the seed tells. */
export const behindProxy: StartStage = async (size, seed, version) => {
  const server = await startStandalone();
  const cuts = cutsFrom(randomFrom(seed), CUTS * size);
  // Redis 3 never comes back, with or without us, if a reset meets it while it sends what it had kept: it takes the rest
  // of the queue out and puts it in again for ever. So its connections end in good order, in the middle of anything.
  const proxy = await startProxy(server, version === '3.1' ? cuts.map((cut) => ({ ...cut, how: 'end' })) : cuts);
  return {
    told: { proxy: placeOf(proxy), rounds: CUTS * size },
    faults: { 'no more': () => proxy.relent() },
    stop: async () => {
      await proxy.stop();
      await server.stop();
    },
  };
};

const CUTS = 12;
/** More than what one round of the application's says, or is told. */
const FARTHEST_CUT = 900;

function cutsFrom(random: () => number, count: number): Cut[] {
  return Array.from({ length: count }, () => ({
    from: random() < 0.5 ? 'client' : 'server',
    bytes: 1 + Math.floor(random() * FARTHEST_CUT),
    how: random() < 0.5 ? 'reset' : 'end',
  }));
}

/** Mulberry32: the same numbers for the same seed, anywhere. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A server that answers with bytes that are no RESP, or none that anybody asked for. */
export const hostile: StartStage = async (size, seed) => {
  const named = [...MALFORMED, ...garbageFrom(randomFrom(seed), GARBAGE * size)];
  // They are in the keys, and a key with blanks is hidden.
  const replies = new Map(named.map(([name, reply]) => [name.replaceAll(' ', '-'), reply]));
  const server = await startHostileServer(replies);
  const told = { server: placeOf(server), replies: [...replies.keys()] };
  return { told, faults: { 'hang up': () => server.hangUp() }, stop: () => server.stop() };
};

const GARBAGE = 4;

const MALFORMED: readonly (readonly [string, Buffer])[] = Object.entries({
  'no type': 'hello\r\n',
  'an unknown type': '@5\r\n',
  'a binary type': '\0\x01\x02\x03\r\n',
  'a length that is no number': '$x\r\n\r\n',
  'a negative length': '$-5\r\nabc\r\n',
  'a length that is too short': '$1\r\nabcdef\r\n',
  'a length of a petabyte': '$1125899906842624\r\n',
  'an array of a billion': '*1000000000\r\n$1\r\na\r\n',
  'an array of minus seven': '*-7\r\n',
  'an array that never ends': '*3\r\n$1\r\na\r\n',
  'arrays in arrays': `${'*1\r\n'.repeat(2_000)}$1\r\na\r\n`,
  'a number that is none': ':12x4\r\n',
  'an empty line': '\r\n',
  'no line end': '+OK\n',
  'half a line end': '$3\r\nabc\r',
  'an error without words': '-\r\n',
  'an error that is no error': '-weird? {} \x07\r\n',
  'one reply too many': '+OK\r\n+OK\r\n',
  'a push nobody asked for': '>2\r\n$7\r\nmessage\r\n$1\r\nx\r\n',
  'a map of half a pair': '%1\r\n$1\r\na\r\n',
}).map(([name, text]) => [name, Buffer.from(text, 'latin1')]);

/** Any bytes, but a type that every parser knows comes first: what follows is then looked at. */
function garbageFrom(random: () => number, count: number): [string, Buffer][] {
  const bytes = () => Buffer.from(Array.from({ length: 1 + Math.floor(random() * 60) }, () => Math.floor(random() * 256)));
  return Array.from({ length: count }, (_, index) => {
    const type = Buffer.from('+-:$*'.charAt(Math.floor(random() * 5)));
    return [`garbage ${index}`, Buffer.concat([type, bytes(), Buffer.from('\r\n')])];
  });
}

/** A server that refuses what it is told to refuse, for the reasons real servers have; and one behind a password. */
export const refusing: StartStage = async () => {
  const server = await startStandalone({ args: ['--enable-debug-command', 'yes'] });
  const locked = await startStandalone({ args: ['--requirepass', 'secret'] });
  return {
    told: { server: placeOf(server), locked: placeOf(locked) },
    faults: {
      refuse: (reason = '') => REFUSALS[reason]?.begin(server),
      accept: (reason = '') => REFUSALS[reason]?.end(server),
    },
    stop: async () => {
      await server.stop();
      await locked.stop();
    },
  };
};

interface Refusal {
  begin(server: RedisServer): Promise<unknown>;
  end(server: RedisServer): Promise<unknown>;
}

/** So many that loading takes until it is told to hurry. */
const KEYS_TO_LOAD = 20_000;

const REFUSALS: Readonly<Record<string, Refusal>> = {
  OOM: {
    begin: (server) => server.request('CONFIG', 'SET', 'maxmemory', 1),
    end: (server) => server.request('CONFIG', 'SET', 'maxmemory', 0),
  },
  READONLY: {
    // A replica of nobody that answers.
    begin: (server) => server.request('REPLICAOF', server.host, 1),
    end: (server) => server.request('REPLICAOF', 'NO', 'ONE'),
  },
  NOPERM: {
    begin: (server) => server.request('ACL', 'SETUSER', 'default', '-set', '-incr'),
    end: (server) => server.request('ACL', 'SETUSER', 'default', '+@all'),
  },
  LOADING: {
    begin: async (server) => {
      await server.request('DEBUG', 'POPULATE', KEYS_TO_LOAD, 'filler', 100);
      await server.request('CONFIG', 'SET', 'key-load-delay', 2_000, 'loading-process-events-interval-bytes', 1_024);
      // Answers only when everything is loaded.
      void server.request('DEBUG', 'RELOAD').catch(() => {});
      await eventually('loading', () => isLoading(server));
    },
    end: async (server) => {
      await server.request('CONFIG', 'SET', 'key-load-delay', 0);
      await eventually('loaded', async () => !(await isLoading(server)));
    },
  },
};

/** Not what `async_loading` says, which ends in the same way. */
async function isLoading(server: RedisServer): Promise<boolean> {
  return /^loading:1/m.test(String(await server.request('INFO', 'persistence')));
}

/** A server, and a collector that is not there, that never answers, or that takes its time. */
export function collecting(state: 'down' | 'silent' | 'slow'): StartStage {
  return async (...size) => {
    const stage = await standalone(...size);
    let received = 0;
    const collector = createServer((request, response) => {
      request.resume().once('end', () => {
        received += 1;
        if (state === 'slow') setTimeout(() => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'), SLOW_MS);
      });
    });
    const port = await listen(collector);
    const stop = () => new Promise((resolve) => collector.close(resolve).closeAllConnections());
    if (state === 'down') await stop();
    return {
      ...stage,
      env: { ...OTLP, OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` },
      verify: () => assert.equal(received > 0, state !== 'down', `the collector received ${received} requests`),
      stop: async () => {
        await stage.stop();
        if (state !== 'down') await stop();
      },
    };
  };
}

const SLOW_MS = 200;

/** As the environment says it to an SDK. Everything is sent at once, and given up soon. */
const OTLP = {
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  OTEL_EXPORTER_OTLP_TIMEOUT: '500',
  OTEL_BSP_SCHEDULE_DELAY: '5',
  OTEL_BSP_EXPORT_TIMEOUT: '500',
  OTEL_METRIC_EXPORT_INTERVAL: '500',
  OTEL_METRIC_EXPORT_TIMEOUT: '500',
  OTEL_LOGS_EXPORTER: 'none',
  OTEL_NODE_RESOURCE_DETECTORS: 'none',
};

/** A cluster of three masters with a replica each, of which one hands over or crashes, or slots move. */
export function clustered(...changes: readonly ('reshard' | 'hand over' | 'crash')[]): StartStage {
  return async () => {
    const cluster = await startCluster();
    let lost: ClusterNode | undefined;
    return {
      told: { nodes: cluster.nodes.map(placeOf), changes },
      faults: {
        reshard: async () => assert.ok((await moveSlot(cluster, '{c}', '{a}')) > 0, 'no key has moved'),
        'hand over': async () => void (await failOver(cluster, '{b}', 'agreed')),
        crash: async () => {
          lost = await failOver(cluster, '{b}', 'crash');
        },
        'come back': () => lost && comeBack(lost),
      },
      stop: () => cluster.stop(),
    };
  };
}

/** A master and its replica, watched by three sentinels. */
export function watched(...changes: readonly ('hand over' | 'crash')[]): StartStage {
  return async () => {
    const group = await startSentinel();
    return {
      told: { name: group.masterName, sentinels: group.sentinels.map(placeOf), changes },
      faults: {
        'hand over': () => failOverSentinel(group, 'agreed'),
        crash: () => failOverSentinel(group, 'crash'),
      },
      stop: () => group.stop(),
    };
  };
}
