// The same class for import as for require: there is one implementation, and this file has no state.
export type { KeyMode, OptionalAttribute, RedisInstrumentationConfig, SemconvMode, SpanNameInfo } from './index.js';
export { RedisInstrumentation } from './index.js';
