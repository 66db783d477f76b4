// Knows: programs in which there is nothing to record.
// Must not know: how they are run.
import { NAME, PEERS } from '../programs';
import { type Case, REGISTER, USE } from './case';

export const PROGRAM: readonly Case[] = [
  {
    title: 'a program that ends at once with an error',
    finds: ['ended-early'],
    says: /ended with exit code 3 before it sent a Redis command/,
    program: { flags: REGISTER, app: 'process.exit(3);' },
  },
  {
    title: 'a program that has node-redis and uses an unknown client',
    finds: ['other-client'],
    says: /Redis commands are sent by tiny-redis, which this package does not support\./,
    program: (setup) => ({ flags: REGISTER, folder: setup.folderWithTinyRedis(), app: `require('redis'); require('tiny-redis')();` }),
  },
  {
    title: 'nothing, in a program that uses ioredis',
    finds: [],
    says: /^Commands +1 by ioredis \(GET\)$[\s\S]*^healthy: Redis commands are traced/m,
    program: (setup) => ({
      flags: REGISTER,
      folder: setup.folderWithUs(...PEERS, 'ioredis', 'redis'),
      app: `require('redis'); const client = new (require('ioredis'))(process.env.REDIS_URL); client.get('user:7').then(() => client.quit());`,
    }),
  },
  {
    title: 'a program without Redis',
    finds: ['no-redis'],
    says: /No Redis client was loaded before the program ended\.\n {2}advice: run the program in a way that uses Redis/,
    program: { flags: REGISTER, app: 'console.log("done");' },
  },
  {
    title: 'a missing server',
    finds: ['no-connection'],
    says: /could not connect to Redis: ECONNREFUSED at 127\.0\.0\.1:1\./,
    program: {
      flags: REGISTER,
      app: `${USE} use({ url: 'redis://127.0.0.1:1', socket: { reconnectStrategy: false } }).catch(() => {});`,
    },
  },
  {
    title: 'a client that is never used',
    finds: ['no-commands'],
    says: /Redis was loaded, but no command was sent before the program ended/,
    program: {
      flags: REGISTER,
      app: `require('redis').createClient({ url: process.env.REDIS_URL }).connect().then((client) => client.close());`,
    },
  },
  {
    title: 'a preload that is misspelt',
    finds: ['preload-not-found'],
    says: /-redis\/regster, which Node\.js should preload, was not found\.\n {2}change: node --no-warnings --import \S+\/register commonjs\.cjs\n/,
    program: { flags: ['--no-warnings', '--import', `${NAME}/regster`] },
  },
  {
    title: 'a program that is still starting',
    finds: ['starting'],
    says: /still starting after 2 seconds\.\n {2}change: npx \S+ doctor --seconds 60 -- node /,
    program: { app: 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600_000);', seconds: 2 },
  },
  {
    title: 'a program that waits before it loads anything',
    finds: ['no-redis'],
    says: /No Redis client was loaded in 2 seconds: the program is still starting, or loads one when it is used\./,
    program: { app: 'setTimeout(() => require("redis"), 600_000);', seconds: 2 },
  },
  {
    title: 'a program that only subscribes',
    finds: ['only-subscribes'],
    says: /^healthy: nothing prevents recording/m,
    program: {
      flags: REGISTER,
      app: `require('redis').createClient({ url: process.env.REDIS_URL }).connect().then((client) => client.subscribe('news', () => {}));`,
    },
  },
  {
    title: 'a program that blocks',
    finds: ['waiting'],
    says: /BLPOP: no reply came[\s\S]*^healthy: nothing prevents recording/m,
    program: {
      flags: REGISTER,
      app: `require('redis').createClient({ url: process.env.REDIS_URL }).connect().then((client) => client.blPop('jobs', 0));`,
    },
  },
  {
    title: 'a program that is not run by Node.js',
    finds: ['not-node'],
    says: /^problem \(not-node\): The program did not report to the doctor\.\n/,
    program: { command: ['sh', '-c', 'true'] },
  },
];
