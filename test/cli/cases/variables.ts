// Knows: programs whose environment says what the SDK does not understand.
// Must not know: how they are run.
import { type Case, REGISTER } from './case';

export const VARIABLES: readonly Case[] = [
  {
    title: 'a removed exporter',
    finds: ['variable'],
    says: /OTEL_TRACES_EXPORTER: the SDK does not know jaeger; it should be otlp\.\n {2}change: OTEL_TRACES_EXPORTER=otlp node --require /,
    program: { flags: REGISTER, env: { OTEL_TRACES_EXPORTER: 'jaeger' } },
  },
  {
    title: 'a sampler that is misspelt',
    finds: ['variable'],
    says: /the SDK does not know parentbased_alwayson; it should be parentbased_always_on\./,
    program: { flags: REGISTER, env: { OTEL_TRACES_SAMPLER: 'parentbased_alwayson' } },
  },
  {
    title: 'an address without a scheme',
    finds: ['variable'],
    says: /OTEL_EXPORTER_OTLP_ENDPOINT=127\.0\.0\.1:\d+ has no scheme; it should be http:\/\/127/,
    program: ({ receiver }) => ({ flags: REGISTER, env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url.replace('http://', '') } }),
  },
];
