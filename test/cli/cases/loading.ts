// Knows: programs in which the instrumentation does not get at redis.
// Must not know: how they are run.
import { bundle } from '../../support/bundle';
import { NAME, ours } from '../patients';
import { type Case, HOOK, inCode, REGISTER, startSdk, USE } from './case';

/** A program whose redis is in a bundle. */
const bundled = (version: string): string => {
  const source = `import { createClient } from 'redis'; const client = createClient({ url: process.env.REDIS_URL });
    client.connect().then(() => client.get('user:7')).then(() => client.quit());`;
  return `require(${JSON.stringify(bundle(version, 'cjs', source))});`;
};

const withTheirs = `const { RedisInstrumentation } = require(${JSON.stringify(ours('@opentelemetry/instrumentation-redis'))});
  ${startSdk('{ instrumentations: [new RedisInstrumentation()] }')} ${USE} use();`;

export const LOADING: readonly Case[] = [
  {
    title: 'OTEL_SDK_DISABLED',
    finds: ['sdk-disabled'],
    says: /change: unset OTEL_SDK_DISABLED\n/,
    patient: { flags: REGISTER, env: { OTEL_SDK_DISABLED: 'true' } },
  },
  {
    title: 'OTEL_INSTRUMENTATION_REDIS_ENABLED=false',
    finds: ['switched-off'],
    says: /change: unset OTEL_INSTRUMENTATION_REDIS_ENABLED\n/,
    patient: { flags: REGISTER, env: { OTEL_INSTRUMENTATION_REDIS_ENABLED: 'false' } },
  },
  {
    title: 'enabled: false in code',
    finds: ['switched-off'],
    says: /change: remove enabled: false\n/,
    patient: { app: `${inCode('{ enabled: false }')} use();` },
  },
  {
    title: 'a program that does not have the package',
    finds: ['not-installed'],
    says: /change: npm install opentelemetry-instrumentation-redis @opentelemetry\/api /,
    patient: (ward) => ({ folder: ward.folderWith('redis') }),
  },
  {
    title: 'a program without SDK that does not preload the package',
    finds: ['not-loaded'],
    says: /change: node --import opentelemetry-instrumentation-redis\/register commonjs\.cjs\n/,
    patient: {},
  },
  {
    title: 'a program with an SDK that does not preload the package',
    finds: ['not-loaded'],
    says: /change: node --import opentelemetry-instrumentation-redis\/hook own-sdk\.cjs\n/,
    patient: { app: 'own-sdk.cjs' },
  },
  {
    title: 'a package without its peers',
    finds: ['inactive'],
    says: /change: npm install @opentelemetry\/api @opentelemetry\/instrumentation\n/,
    patient: (ward) => ({ flags: HOOK, folder: ward.folderWithUs('redis', 'shimmer') }),
  },
  {
    title: 'a version of redis that is not known',
    finds: ['unknown-version'],
    says: /redis 99\.0\.0 is not a version that opentelemetry-instrumentation-redis knows/,
    patient: (ward) => ({ flags: REGISTER, folder: ward.folderWithRedis('99.0.0') }),
  },
  {
    title: 'redis loaded before the instrumentation',
    finds: ['loaded-late'],
    says: /change: load opentelemetry-instrumentation-redis first: node --import opentelemetry-instrumentation-redis\/register commonjs\.cjs\n\nhealthy/,
    patient: { flags: ['--require', 'redis', ...REGISTER] },
  },
  {
    title: 'a bundle with a redis that has no channels',
    finds: ['bundled'],
    says: /bundle-\d+\.cjs, where no module hook sees it\.\n {2}change: give the client to instrumentClient/,
    patient: () => ({ flags: REGISTER, app: bundled('5.0') }),
  },
  {
    title: 'a bundle with a redis that has channels',
    finds: ['bundled'],
    says: /it is recorded through its diagnostics channels\.\n\nhealthy/,
    patient: () => ({ flags: REGISTER, app: bundled('6.3') }),
  },
  {
    title: 'another instrumentation that is taken over',
    finds: ['other-instrumentation'],
    says: /its patches were taken off.*\n {2}change: remove it from the instrumentations of the SDK\n\nhealthy/,
    patient: { flags: HOOK, app: withTheirs },
  },
  {
    title: 'another instrumentation that comes with all the others',
    finds: ['other-instrumentation'],
    says: /change: OTEL_NODE_DISABLED_INSTRUMENTATIONS=redis node commonjs\.cjs\n\nhealthy/,
    patient: { flags: ['--require', `${ours('@opentelemetry/auto-instrumentations-node')}/build/src/register.js`, ...HOOK] },
  },
  {
    title: 'another instrumentation that records as well',
    finds: ['other-instrumentation'],
    says: /records redis too, so every command has two spans/,
    patient: { flags: HOOK, app: withTheirs, env: { OTEL_INSTRUMENTATION_REDIS_ON_CONFLICT: 'both' } },
  },
  {
    title: 'another instrumentation that records alone',
    finds: ['other-instrumentation'],
    says: /records redis, and this package does not/,
    patient: { flags: HOOK, app: withTheirs, env: { OTEL_INSTRUMENTATION_REDIS_ON_CONFLICT: 'stand-down' } },
  },
  {
    title: 'an option that cannot be read',
    finds: ['said'],
    says: /itself said: OTEL_INSTRUMENTATION_REDIS_METRICS: expected true or false; using the default\.\n\nhealthy/,
    patient: { flags: REGISTER, env: { OTEL_INSTRUMENTATION_REDIS_METRICS: 'maybe' } },
  },
  {
    title: 'an instrumentation that the program disables',
    finds: ['unexplained'],
    says: /no span was made of them/,
    patient: { app: `${inCode('')} instrumentation.disable(); use();` },
  },
  {
    title: 'nothing, where the class is in the code and has a provider of its own',
    finds: [],
    says: /by the code of the program\n[\s\S]*ConsoleSpanExporter\n[\s\S]*^healthy/m,
    patient: {
      app: `const { ConsoleSpanExporter, NodeTracerProvider, SimpleSpanProcessor } = require(${JSON.stringify(ours('@opentelemetry/sdk-trace-node'))});
        const { registerInstrumentations } = require('@opentelemetry/instrumentation');
        const { RedisInstrumentation } = require('${NAME}');
        const tracerProvider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(new ConsoleSpanExporter())] });
        registerInstrumentations({ tracerProvider, instrumentations: [new RedisInstrumentation()] });
        ${USE} use();`,
    },
  },
];
