export type { KeyMode } from './catalog';
export type {
  ClientName,
  ConflictMode,
  DbStatementSerializer,
  OperationInfo,
  OptionalAttribute,
  RedisInstrumentationConfig,
  RedisResponseCustomAttributeFunction,
  SemconvMode,
  SpanChoice,
  SpanInfo,
  SpanNameInfo,
} from './config';
export type { ProcessSpanOptions, StreamEntry } from './instrumentation';
export { instrumentClient, processSpan, RedisInstrumentation } from './instrumentation';
