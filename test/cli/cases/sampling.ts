// Knows: programs in which a sampler or an option leaves no span.
// Must not know: how they are run.
import { ours } from '../programs';
import { type Case, HOOK, inCode, REGISTER, startSdk, USE } from './case';

export const SAMPLING: readonly Case[] = [
  {
    title: 'a sampler that keeps nothing, by the environment',
    finds: ['sampling-off'],
    says: /dropped by the sampler, AlwaysOffSampler\.\n {2}change: OTEL_TRACES_SAMPLER=parentbased_always_on node --require \S+\/register commonjs\.cjs\n/,
    program: { flags: REGISTER, env: { OTEL_TRACES_SAMPLER: 'always_off' } },
  },
  {
    title: 'a ratio of 0',
    finds: ['sampling-off'],
    says: /TraceIdRatioBased\{0\}/,
    program: { flags: REGISTER, env: { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' } },
  },
  {
    title: 'a sampler in code that keeps nothing',
    finds: ['sampling-off'],
    says: /advice: it was set in code: use another sampler there/,
    program: {
      flags: HOOK,
      app: `${startSdk('{ sampler: { shouldSample: () => ({ decision: 0 }) } }')} ${USE} use();`,
      env: { OTEL_TRACES_SAMPLER: 'always_on' },
    },
  },
  {
    title: 'a sampler that keeps nothing, below a span of the program',
    finds: ['sampling-off'],
    says: /dropped by the sampler, AlwaysOffSampler/,
    program: {
      flags: REGISTER,
      app: `${USE}
        require('@opentelemetry/api').trace.getTracer('app').startActiveSpan('job', (job) => use().then(() => job.end()));`,
      env: { OTEL_TRACES_SAMPLER: 'always_off' },
    },
  },
  {
    title: 'parents that the sampler dropped',
    finds: ['parents-unsampled'],
    says: /All commands ran below spans that the sampler dropped/,
    program: {
      flags: HOOK,
      app: `${startSdk('{ sampler: { shouldSample: (_context, _id, name) => ({ decision: name === "job" ? 0 : 2 }) } }')} ${USE}
        require('@opentelemetry/api').trace.getTracer('app').startActiveSpan('job', (job) => use().then(() => job.end()));`,
    },
  },
  {
    title: 'a sampler that keeps little',
    finds: ['sampling-ratio'],
    says: /keeps 1 % of all traces.*\n\nhealthy/,
    program: { flags: REGISTER, env: { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.01' } },
  },
  {
    title: 'requireParentSpan without a parent',
    finds: ['require-parent'],
    says: /change: env -u OTEL_INSTRUMENTATION_REDIS_REQUIRE_PARENT_SPAN node /,
    program: { flags: REGISTER, env: { OTEL_INSTRUMENTATION_REDIS_REQUIRE_PARENT_SPAN: 'true' } },
  },
  {
    title: 'a program that suppresses tracing',
    finds: ['suppressed'],
    says: /All commands ran where the program suppresses tracing/,
    program: {
      flags: HOOK,
      app: `${startSdk()} ${USE}
        const { context } = require('@opentelemetry/api');
        context.with(require(${JSON.stringify(ours('@opentelemetry/core'))}).suppressTracing(context.active()), use);`,
      env: { OTEL_INSTRUMENTATION_REDIS_METRICS: 'false' },
    },
  },
  {
    title: 'ignoreCommands in code that leaves nothing',
    finds: ['ignored'],
    says: /every command that was sent: GET\.\n {2}advice: remove the option ignoreCommands\n/,
    program: { app: `${inCode('{ ignoreCommands: ["GET", /./] }')} use();` },
  },
  {
    title: 'minDurationMs that leaves nothing',
    finds: ['minimum-duration'],
    says: /leaves out what is faster than 60000 ms/,
    program: { flags: REGISTER, env: { OTEL_INSTRUMENTATION_REDIS_MIN_DURATION_MS: '60000' } },
  },
];
