// Knows: every option, its environment variable and its default.
// Must not know: what an option changes.
export type { RedisInstrumentationConfig } from './public';
export { readSettings, type Settings, type SpanSettings } from './settings';
export type { ClientName, ConflictMode } from './values';
