export type { KeyMode } from './catalog';
export type { OptionalAttribute, RedisInstrumentationConfig, SemconvMode, SpanNameInfo } from './config';
export { RedisInstrumentation } from './instrumentation';
