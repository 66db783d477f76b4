export type { KeyMode } from './catalog';
export type {
  ConflictMode,
  OperationInfo,
  OptionalAttribute,
  RedisInstrumentationConfig,
  SemconvMode,
  SpanChoice,
  SpanInfo,
  SpanNameInfo,
} from './config';
export type { ProcessSpanOptions, StreamEntry } from './instrumentation';
export { instrumentClient, processSpan, RedisInstrumentation } from './instrumentation';
