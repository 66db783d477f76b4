// Knows: programs in which there is nothing to record.
// Must not know: how they are run.
import { PEERS } from '../patients';
import { type Case, REGISTER, USE } from './case';

export const PROGRAM: readonly Case[] = [
  {
    title: 'a program that ends at once with an error',
    finds: ['ended-early'],
    says: /ended with exit code 3 before it sent a Redis command/,
    patient: { flags: REGISTER, app: 'process.exit(3);' },
  },
  {
    title: 'a program that uses ioredis',
    finds: ['other-client'],
    says: /sent by ioredis.*\n {2}change: record it with @opentelemetry\/instrumentation-ioredis/,
    patient: (ward) => ({
      flags: REGISTER,
      folder: ward.folderWithUs(...PEERS, 'ioredis'),
      app: `const client = new (require('ioredis'))(process.env.REDIS_URL); client.get('user:7').then(() => client.quit());`,
    }),
  },
  {
    title: 'a program that has node-redis and uses ioredis',
    finds: ['other-client'],
    says: /sent by ioredis/,
    patient: (ward) => ({
      flags: REGISTER,
      folder: ward.folderWithUs(...PEERS, 'ioredis', 'redis'),
      app: `require('redis'); const client = new (require('ioredis'))(process.env.REDIS_URL); client.get('user:7').then(() => client.quit());`,
    }),
  },
  {
    title: 'a program without Redis',
    finds: ['no-redis'],
    says: /No Redis client was loaded before the program ended\.\n {2}change: run the program in a way that uses Redis/,
    patient: { flags: REGISTER, app: 'console.log("done");' },
  },
  {
    title: 'a server that is not there',
    finds: ['no-connection'],
    says: /could not connect to Redis: ECONNREFUSED at 127\.0\.0\.1:1\./,
    patient: {
      flags: REGISTER,
      app: `${USE} use({ url: 'redis://127.0.0.1:1', socket: { reconnectStrategy: false } }).catch(() => {});`,
    },
  },
  {
    title: 'a client that is never used',
    finds: ['no-commands'],
    says: /Redis was loaded, but no command was sent before the program ended/,
    patient: {
      flags: REGISTER,
      app: `require('redis').createClient({ url: process.env.REDIS_URL }).connect().then((client) => client.close());`,
    },
  },
  {
    title: 'a program that is not run by Node.js',
    finds: ['not-node'],
    says: /^problem \(not-node\): Nothing was heard from the program\.\n/,
    patient: { command: ['sh', '-c', 'true'] },
  },
];
