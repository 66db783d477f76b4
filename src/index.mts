// The same class for import as for require: there is one implementation, and this file has no state.
export type {
  ConflictMode,
  KeyMode,
  OperationInfo,
  OptionalAttribute,
  ProcessSpanOptions,
  RedisInstrumentationConfig,
  RequestInfo,
  SemconvMode,
  SpanChoice,
  SpanInfo,
  SpanNameInfo,
  StreamEntry,
} from './index.js';
export { instrumentClient, processSpan, RedisInstrumentation } from './index.js';
