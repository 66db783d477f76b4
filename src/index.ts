export type { KeyMode } from './catalog';
export type { ConflictMode, OptionalAttribute, RedisInstrumentationConfig, SemconvMode, SpanNameInfo } from './config';
export { instrumentClient, RedisInstrumentation } from './instrumentation';
