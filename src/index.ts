export type { KeyMode } from './catalog';
export type { ConflictMode, OptionalAttribute, RedisInstrumentationConfig, SemconvMode, SpanNameInfo } from './config';
export type { ProcessSpanOptions, StreamEntry } from './instrumentation';
export { instrumentClient, processSpan, RedisInstrumentation } from './instrumentation';
