// Knows: the field in which an entry of a stream carries something, and how it is added and taken away.
// Must not know: what is carried, commands, spans.
import { type Carrier, MAX_CARRIER_LENGTH, parseCarrier } from './envelope';
import { isText } from './names';

/** Name and version, for whoever else reads the stream. The value is JSON. Always the last field, and never alone. */
const FIELD = 'otel-redis/1';

/** The field and its value; undefined where it is more than a message should carry. */
export function fieldOf(carrier: Carrier): readonly [field: string, value: string] | undefined {
  const value = JSON.stringify(carrier);
  return value.length > MAX_CARRIER_LENGTH ? undefined : [FIELD, value];
}

/** Takes the field off the fields of an entry, in place; undefined where there is none, or one that we did not add. */
export function takeField(fields: unknown): Carrier | undefined {
  if (!Array.isArray(fields) || fields.length < 4) return undefined;
  const at = fields.length - 2;
  const value: unknown = fields[at + 1];
  if (!isField(fields[at]) || !isText(value) || value.length > MAX_FIELD_BYTES) return undefined;
  const carrier = parseCarrier(value.toString());
  if (carrier !== undefined) fields.length = at;
  return carrier;
}

/** A character is three bytes at most. */
const MAX_FIELD_BYTES = 3 * MAX_CARRIER_LENGTH;

function isField(name: unknown): boolean {
  return name === FIELD || (Buffer.isBuffer(name) && name.length === FIELD.length && name.toString('latin1') === FIELD);
}
