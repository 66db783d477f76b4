// Knows: the field of a stream entry that carries context, and how it is added and removed.
// Must not know: what it carries, commands, spans.
import { type Carrier, MAX_CARRIER_LENGTH, parseCarrier } from './carrier';
import { isText } from './names';

/**
 * Name and version of the format, for other readers of the stream. The value is JSON. It is always the last of
 * several fields.
 */
const FIELD = 'otel-redis/1';

/** Returns the field and its value. undefined: they are too long for an entry. */
export function fieldOf(carrier: Carrier): readonly [field: string, value: string] | undefined {
  const value = JSON.stringify(carrier);
  return value.length > MAX_CARRIER_LENGTH ? undefined : [FIELD, value];
}

/** Removes the field from the fields of an entry, in place. undefined: there is none, or it is not ours. */
export function takeField(fields: unknown): Carrier | undefined {
  if (!Array.isArray(fields) || fields.length < 4) return undefined;
  const at = fields.length - 2;
  const value: unknown = fields[at + 1];
  if (!isField(fields[at]) || !isText(value) || value.length > MAX_FIELD_BYTES) return undefined;
  const carrier = parseCarrier(value.toString());
  if (carrier !== undefined) fields.length = at;
  return carrier;
}

/** A character has at most three bytes. */
const MAX_FIELD_BYTES = 3 * MAX_CARRIER_LENGTH;

function isField(name: unknown): boolean {
  return name === FIELD || (Buffer.isBuffer(name) && name.length === FIELD.length && name.toString('latin1') === FIELD);
}
