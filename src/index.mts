// The same class for import as for require: there is one implementation, and this file has no state.
export type {
  ConflictMode,
  KeyMode,
  OptionalAttribute,
  ProcessSpanOptions,
  RedisInstrumentationConfig,
  SemconvMode,
  SpanNameInfo,
  StreamEntry,
} from './index.js';
export { instrumentClient, processSpan, RedisInstrumentation } from './index.js';
