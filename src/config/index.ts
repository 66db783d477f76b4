// Knows: every option, its environment variable and its default.
// Must not know: what an option changes.
import type { RedisInstrumentationConfig } from './public';

export { readSettings, type Settings, type SpanSettings } from './settings';
export type { ClientName, ConflictMode, OperationInfo, OptionalAttribute, SemconvMode, SpanChoice, SpanInfo, SpanNameInfo } from './values';
export type { RedisInstrumentationConfig };

/** Makes `db.query.text` of a command. */
export type DbStatementSerializer = NonNullable<RedisInstrumentationConfig['dbStatementSerializer']>;

/** Adds attributes of the user's own to a span, from what the command answered. */
export type RedisResponseCustomAttributeFunction = NonNullable<RedisInstrumentationConfig['responseHook']>;
