// The same class for import as for require: there is one implementation, and this file has no state.
export type { ConflictMode, KeyMode, OptionalAttribute, RedisInstrumentationConfig, SemconvMode, SpanNameInfo } from './index.js';
export { instrumentClient, RedisInstrumentation } from './index.js';
