// Knows: what a marked value looks like, and how to find one again in whatever was exported.
// Must not know: commands, clients, settings.
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { LoggedEvent } from '../support/logging';

/** Stands in every value. No name, word, number or address of the tests looks like it, in any case. */
const WORD = 'canary';
/** Begins every marked number. */
const DIGITS = '7391846';
/** Begins every group of the marked UUID. */
const HEX = 'ca4a';

type Form = (id: string) => unknown;

/** The shapes a value comes in: what is taken for an error's prefix, a number, an option, a name or bytes. */
const FORMS: readonly Form[] = [
  (id) => `CANARY${id}`,
  (id) => DIGITS + id,
  (id) => `cAnArY${id} with spaces`,
  (id) => Buffer.from(`\x00\xffcAnArY${id}`, 'latin1'),
  (id) => `canary${id}`,
  (id) => Number(DIGITS + id),
  (id) => `CANARY${id} is how an error begins`,
  (id) => Buffer.from(`CANARY_${id}`),
  (id) => `${DIGITS}.${id}`,
];

export const FORM_COUNT = FORMS.length;

let count = 0;

/** A value never made before, in the form of that number. */
export function markedValue(form: number): unknown {
  count = (count + 1) % 1_000_000;
  return (FORMS[form % FORMS.length] as Form)(String(count).padStart(6, '0'));
}

/** A text where Redis wants a number, an id or a sha. */
export function markedText(): string {
  return String(markedValue(4));
}

/** Keys that carry a person or a credential. */
export const REVEALING: Readonly<Record<string, string>> = {
  email: `user:canary.jane+x@canary.example.com`,
  jwt: `jwt:eyJhbGciOiJIUzI1NiJ9.${Buffer.from('{"sub":"canary"}').toString('base64url')}.cAnArYq7Zk3T9vX2mW8sB4nR1pL6`,
  session: 'sess:x7CANARYq2Zk9TcAnArY3vXmW8sB4n',
  uuid: `order:${HEX}4a47-${HEX}-4a47-8a47-${HEX}47ca4a47`,
};

/** A value as it would look when somebody wrote its bytes down in another way. */
function encodingsOf(text: string): string[] {
  const bytes = Buffer.from(text);
  const base64 = [0, 1, 2].map((shift) => {
    const shifted = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    // The characters at both ends belong to the neighbours too.
    return shifted.slice(shift === 0 ? 0 : shift + 1, Math.floor(((shift + bytes.length) * 8) / 6));
  });
  const hex = bytes.toString('hex');
  return [hex, hex.replace(/..\B/g, '$& '), [...bytes].join(','), [...bytes].join(', '), ...base64];
}

const SPELLINGS = [WORD, WORD.toUpperCase(), 'cAnArY'];
const ENCODED = new RegExp(
  SPELLINGS.flatMap(encodingsOf)
    .map((text) => text.replace(/[+/]/g, '\\$&'))
    .join('|'),
);
const PLAIN = new RegExp([WORD, DIGITS, HEX].join('|'), 'i');

export function isMarked(text: string): boolean {
  return PLAIN.test(text) || ENCODED.test(text);
}

export interface Exported {
  readonly spans: readonly ReadableSpan[];
  readonly metrics: ResourceMetrics | undefined;
  readonly events: readonly LoggedEvent[];
  readonly lines: readonly string[];
}

/** Every exported text that holds a mark. Empty: nothing left the process. */
export function leaksIn({ spans, metrics, events, lines }: Exported): string[] {
  const texts = [...spans.map(textOfSpan), ...textsOfMetrics(metrics), ...events.map(textOfEvent), ...lines];
  return texts.filter(isMarked);
}

/** All of a span but its times and ids, which are random. */
function textOfSpan({ name, attributes, status, events, links, resource, instrumentationScope }: ReadableSpan): string {
  const told = events.map((event) => [event.name, event.attributes]);
  const linked = links.map((link) => [link.attributes, link.context.traceState?.serialize()]);
  return JSON.stringify([name, attributes, status, told, linked, resource.attributes, instrumentationScope]);
}

/** All of an event but the ids of its span, which are random. */
function textOfEvent({ name, body, attributes }: LoggedEvent): string {
  return JSON.stringify([name, body, attributes]);
}

/** Names and attributes; values are sums of times and counts. */
function textsOfMetrics(metrics: ResourceMetrics | undefined): string[] {
  const all = metrics?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
  return all.flatMap(({ descriptor, dataPoints }) => [
    JSON.stringify(descriptor),
    ...dataPoints.map(({ attributes }) => JSON.stringify(attributes)),
  ]);
}
