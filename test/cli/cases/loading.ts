// Knows: programs in which the instrumentation does not get at redis.
// Must not know: how they are run.
import { join } from 'node:path';
import { bundle } from '../../support/bundle';
import { NAME, ours } from '../programs';
import { type Case, HOOK, inCode, REGISTER, startSdk, USE } from './case';

/** A program whose redis is in a bundle. */
const bundled = (version: string): string => {
  const source = `import { createClient } from 'redis'; const client = createClient({ url: process.env.REDIS_URL });
    client.connect().then(() => client.get('user:7')).then(() => client.quit());`;
  return `require(${JSON.stringify(bundle(version, 'cjs', source))});`;
};

const REDIS_4 = join(__dirname, '../../versions/redis-4.7/node_modules/redis');

/** As test runners do: every file is compiled and kept without Node.js's own loader. */
const loadedPastNode = (redis: string): string => `
  const { readFileSync } = require('node:fs'), { createRequire } = require('node:module'), { dirname } = require('node:path');
  const loaded = new Map();
  const load = (file) => {
    if (loaded.has(file)) return loaded.get(file).exports;
    const module = { exports: {} };
    loaded.set(file, module);
    if (file.endsWith('.json')) return (module.exports = JSON.parse(readFileSync(file, 'utf8')));
    const own = createRequire(file);
    const inside = (name) => (name.startsWith('node:') || require('node:module').builtinModules.includes(name) ? require(name) : load(own.resolve(name)));
    require('node:vm').compileFunction(readFileSync(file, 'utf8'), ['module', 'exports', 'require', '__dirname', '__filename'], { filename: file })
      .call(module.exports, module, module.exports, inside, dirname(file), file);
    return module.exports;
  };
  const client = load(require.resolve(${JSON.stringify(redis)})).createClient({ url: process.env.REDIS_URL });
  client.connect().then(() => client.get('user:7')).then(() => client.quit());`;

const withTheirs = `const { RedisInstrumentation } = require(${JSON.stringify(ours('@opentelemetry/instrumentation-redis'))});
  ${startSdk('{ instrumentations: [new RedisInstrumentation()] }')} ${USE} use();`;

export const LOADING: readonly Case[] = [
  {
    title: 'OTEL_SDK_DISABLED',
    finds: ['sdk-disabled'],
    says: /change: env -u OTEL_SDK_DISABLED node --require \S+\/register commonjs\.cjs\n/,
    program: { flags: REGISTER, env: { OTEL_SDK_DISABLED: 'true' } },
  },
  {
    title: 'OTEL_INSTRUMENTATION_REDIS_ENABLED=false',
    finds: ['switched-off'],
    says: /change: env -u OTEL_INSTRUMENTATION_REDIS_ENABLED node --require \S+\/register commonjs\.cjs\n/,
    program: { flags: REGISTER, env: { OTEL_INSTRUMENTATION_REDIS_ENABLED: 'false' } },
  },
  {
    title: 'enabled: false in code',
    finds: ['switched-off'],
    says: /advice: remove enabled: false/,
    program: {
      app: `const { RedisInstrumentation } = require('${NAME}'); new RedisInstrumentation({ enabled: false }); ${startSdk()} ${USE} use();`,
    },
  },
  {
    title: 'a program that does not have the package',
    finds: ['not-installed'],
    says: /change: npm install opentelemetry-instrumentation-redis @opentelemetry\/api /,
    program: (setup) => ({ folder: setup.folderWith('redis') }),
  },
  {
    title: 'a program without SDK that does not preload the package',
    finds: ['not-loaded'],
    says: /change: node --import opentelemetry-instrumentation-redis\/register commonjs\.cjs\n/,
    program: {},
  },
  {
    title: 'a program with an SDK that does not preload the package',
    finds: ['not-loaded'],
    says: /change: node --import opentelemetry-instrumentation-redis\/hook own-sdk\.cjs\n/,
    program: { app: 'own-sdk.cjs' },
  },
  {
    title: 'a package without its peers',
    finds: ['inactive'],
    says: /change: npm install @opentelemetry\/api @opentelemetry\/instrumentation\n/,
    program: (setup) => ({ flags: HOOK, folder: setup.folderWithUs('redis', 'shimmer') }),
  },
  {
    title: 'a class without an instance',
    finds: ['inactive'],
    says: /no RedisInstrumentation was created\.\n {2}advice: put new RedisInstrumentation\(\) into/,
    program: { app: `require('${NAME}'); ${startSdk()} ${USE} use();` },
  },
  {
    title: 'an unknown version of redis',
    finds: ['unknown-version'],
    says: /redis 99\.0\.0 is not a version that opentelemetry-instrumentation-redis knows/,
    program: (setup) => ({ flags: REGISTER, folder: setup.folderWithRedis('99.0.0') }),
  },
  {
    title: 'redis loaded before the instrumentation',
    finds: ['loaded-late'],
    says: /advice: load opentelemetry-instrumentation-redis first, before all that loads \S+\n\nhealthy/,
    program: { flags: ['--require', 'redis', ...REGISTER] },
  },
  {
    title: 'a redis loaded by another loader',
    finds: ['own-loader'],
    says: /Redis was not loaded by the loader of Node\.js but by another/,
    program: { flags: REGISTER, app: loadedPastNode(REDIS_4) },
  },
  {
    title: 'a bundle with a redis that has no channels',
    finds: ['bundled'],
    says: /bundle-\d+\.cjs, where no module hook sees it\.\n {2}advice: give the client to instrumentClient/,
    program: () => ({ flags: REGISTER, app: bundled('5.0') }),
  },
  {
    title: 'a bundle with a redis that has channels',
    finds: ['bundled'],
    says: /it is recorded through its diagnostics channels or instrumentClient\.\n\nhealthy/,
    program: () => ({ flags: REGISTER, app: bundled('6.3') }),
  },
  {
    title: 'another instrumentation that is taken over',
    finds: ['other-instrumentation'],
    says: /its patches were removed.*\n\nhealthy/,
    program: { flags: HOOK, app: withTheirs },
  },
  {
    title: 'another instrumentation that comes with all the others',
    finds: ['other-instrumentation'],
    says: /change: OTEL_NODE_DISABLED_INSTRUMENTATIONS=ioredis,redis node --require \S+\/register\.js --require \S+\/hook commonjs\.cjs\n\nhealthy/,
    program: { flags: ['--require', `${ours('@opentelemetry/auto-instrumentations-node')}/build/src/register.js`, ...HOOK] },
  },
  {
    title: 'another instrumentation that records as well',
    finds: ['other-instrumentation'],
    says: /Every command has two spans: another OpenTelemetry instrumentation of redis is active too\.\n {2}advice: leave it out/,
    program: { flags: HOOK, app: withTheirs, env: { OTEL_INSTRUMENTATION_REDIS_ON_CONFLICT: 'both' } },
  },
  {
    title: 'another instrumentation that records alone',
    finds: ['other-instrumentation'],
    says: /stands down: another OpenTelemetry instrumentation of redis is active/,
    program: { flags: HOOK, app: withTheirs, env: { OTEL_INSTRUMENTATION_REDIS_ON_CONFLICT: 'stand-down' } },
  },
  {
    title: 'a tracer of a vendor that records as well',
    finds: ['other-instrumentation'],
    says: /Every command has two spans: dd-trace's redis plugin is active too\.\n {2}advice: switch it off there: tracer\.use\('redis', false\)\n/,
    program: {
      flags: REGISTER,
      // Whoever listens there makes a span of what it hears.
      app: `require('node:diagnostics_channel').subscribe('apm:redis:command:start', () => {}); ${USE} use();`,
    },
  },
  {
    title: 'metrics that are off as well as spans',
    finds: ['switched-off'],
    says: /The option traces is false, and no metrics are recorded either\.\n {2}change: env -u OTEL_INSTRUMENTATION_REDIS_TRACES node /,
    program: { flags: REGISTER, env: { OTEL_INSTRUMENTATION_REDIS_TRACES: 'false', OTEL_METRICS_EXPORTER: 'none' } },
  },
  {
    title: 'an invalid option',
    finds: ['said'],
    says: /instrumentation reported: OTEL_INSTRUMENTATION_REDIS_METRICS: expected true or false; using the default\.\n\nhealthy/,
    program: { flags: REGISTER, env: { OTEL_INSTRUMENTATION_REDIS_METRICS: 'maybe' } },
  },
  {
    title: 'an instrumentation that the program disables',
    finds: ['switched-off'],
    says: /advice: remove enabled: false, or the call of disable\(\)\n/,
    program: { app: `${inCode('')} instrumentation.disable(); use();` },
  },
  {
    title: 'a method that was restored by other code',
    finds: ['loaded-late', 'unexplained'],
    says: /but no span was recorded; the doctor/,
    program: {
      app: `const { prototype } = require(require.resolve('@redis/client', { paths: [require.resolve('redis')] })).RedisClient ?? {};
        const { sendCommand } = prototype; ${inCode('')} prototype.sendCommand = sendCommand; use();`,
    },
  },
  {
    title: 'nothing, where the class is in the code and has a provider of its own',
    finds: [],
    says: /by the code of the program\n[\s\S]*ConsoleSpanExporter\n[\s\S]*^healthy/m,
    program: {
      app: `const { ConsoleSpanExporter, NodeTracerProvider, SimpleSpanProcessor } = require(${JSON.stringify(ours('@opentelemetry/sdk-trace-node'))});
        const { registerInstrumentations } = require('@opentelemetry/instrumentation');
        const { RedisInstrumentation } = require('${NAME}');
        const tracerProvider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(new ConsoleSpanExporter())] });
        registerInstrumentations({ tracerProvider, instrumentations: [new RedisInstrumentation()] });
        ${USE} use();`,
    },
  },
];
