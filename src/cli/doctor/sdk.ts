// Knows: how an SDK looks from outside: its version, what it samples with and where it sends.
// Must not know: which SDK it is: fields are private there, and found by what their classes are called.
import type { SeenExporter, Snapshot } from './snapshot';

const SDK_VERSION = 'telemetry.sdk.version';
const MAX_OBJECTS = 2_000;
const URL_FIELDS = ['url', 'address', '_urlStr'];

/** undefined for the API's own provider, which makes no spans. */
export function describeSdk(provider: unknown): Snapshot['sdk'] {
  if (!isObject(provider) || /Noop/.test(provider.constructor?.name ?? '') || typeof provider.forceFlush !== 'function') return undefined;
  const objects = within(provider);
  const sampler = objects.find((object) => classOf(object).endsWith('Sampler'));
  return {
    version: versionIn(provider),
    exporters: objects.filter((object) => /SpanExporter$|TraceExporter$|^ZipkinExporter$/.test(classOf(object))).map(describeExporter),
    sampler: sampler === undefined ? '' : describeSampler(sampler),
  };
}

type Unknown = Readonly<Record<string, unknown>> & { readonly constructor?: { readonly name?: string } };

function isObject(value: unknown): value is Unknown {
  return typeof value === 'object' && value !== null;
}

function classOf(object: Unknown): string {
  return object.constructor?.name ?? '';
}

/** Everything that a few fields lead to, the nearest first. */
function within(start: Unknown): Unknown[] {
  const found = new Set<Unknown>([start]);
  for (const object of found) {
    if (found.size > MAX_OBJECTS) break;
    for (const { value } of Object.values(Object.getOwnPropertyDescriptors(object))) if (isObject(value)) found.add(value);
  }
  return [...found];
}

/** From the list as it was given, where there is one: reading the attributes before they are settled makes the SDK warn. */
function versionIn({ resource, _resource }: Unknown): string | undefined {
  const source = _resource ?? resource;
  if (!isObject(source)) return undefined;
  const { _rawAttributes: raw } = source;
  const attributes: unknown = Array.isArray(raw) ? Object.fromEntries(raw) : source.attributes;
  const version = isObject(attributes) ? attributes[SDK_VERSION] : undefined;
  return typeof version === 'string' ? version : undefined;
}

function describeExporter(exporter: Unknown): SeenExporter {
  for (const object of within(exporter)) {
    const url = URL_FIELDS.map((field) => object[field]).find((value) => typeof value === 'string' && value !== '');
    if (url !== undefined) return { name: classOf(exporter), url: url as string };
  }
  return { name: classOf(exporter) };
}

/** The specification says what `toString` of the built-in ones returns; of others only the class is shown. */
function describeSampler(sampler: Unknown): string {
  const text = String(sampler);
  return /^(ParentBased|AlwaysO|TraceIdRatio)/.test(text) ? text.replace(/, remoteParentSampled=.*\}$/, '}') : classOf(sampler);
}
