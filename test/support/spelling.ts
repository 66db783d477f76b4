// Knows: in which case each library sends the names of commands.
// Must not know: any path, how a version is tapped.
import type { Attributes } from '@opentelemetry/api';
import { major, type Version } from './versions';

interface Spelled {
  readonly name?: string;
  readonly attributes: Attributes;
}

/** Redis 2 and 3, ioredis and iovalkey send the name of the method, which is in lower case. */
export function asSpelled<S extends Spelled>(span: S, version: Version): S {
  if (major(version) >= 4) return span;
  const { 'db.operation.name': operation, 'db.query.text': text, ...rest } = span.attributes;
  // A message's span has neither.
  if (operation === undefined) return span;
  const spelled = String(operation).replace(/^(MULTI |PIPELINE )?(\S+)/, (whole, kind: string | undefined, word: string) =>
    kind === undefined && BATCH_KINDS.has(word) ? whole : `${kind ?? ''}${word.toLowerCase()}`,
  );
  const words =
    text === undefined
      ? {}
      : { 'db.query.text': String(text).replace(/(^|; )([^ ;]+)/g, (_, before: string, word: string) => before + word.toLowerCase()) };
  const name = span.name === undefined ? {} : { name: span.name.replace(String(operation), spelled) };
  return { ...span, ...name, attributes: { ...rest, 'db.operation.name': spelled, ...words } };
}

const BATCH_KINDS = new Set(['MULTI', 'PIPELINE']);
