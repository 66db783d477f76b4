// Types are exported from the files that declare them, so that no other declaration is packed.
export type { KeyMode } from './catalog/keys';
export type {
  DbStatementSerializer,
  RedisInstrumentationConfig,
  RedisResponseCustomAttributeFunction,
} from './config/public';
export type {
  ClientName,
  ConflictMode,
  OperationInfo,
  OptionalAttribute,
  RequestInfo,
  SemconvMode,
  SpanChoice,
  SpanInfo,
  SpanNameInfo,
} from './config/values';
export type { ProcessSpanOptions, StreamEntry } from './instrumentation';
export { instrumentClient, processSpan, RedisInstrumentation } from './instrumentation';
