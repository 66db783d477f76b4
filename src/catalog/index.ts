// Knows: what Redis commands mean. Must not know: clients, replies in flight, spans, metrics.

export { identifierText } from './arguments';
export { mayWait } from './blocking';
export type { HitRule } from './commands';
export { claimedEntries, entries, type Part, partsByStream, shownEntries } from './entries';
export { type Family, KeyFamilies, OTHER_FAMILY } from './families';
export { hasPlace, templatesMatcher } from './given';
export type { Role } from './grammar';
export { endOfItems, type Items } from './items';
export { keyIndexOf, keysOf } from './key-index';
export { familyMask, type KeyMask, type KeyMode, keyMask } from './keys';
export { type CommandRule, type Entry, lookup } from './lookup';
export { numberOfBytes, numberOfText } from './numbered';
export { assignRoles } from './reader';
export { batchText, procedureName, queryText } from './redact';
export { familyOf } from './templates';
