// Knows: how a tracer provider is described from outside: the version of its SDK, its sampler and its exporters.
// Must not know: which SDK it is. Its fields are private; they are recognised by the SDK's public interfaces.
import type { ExporterStatus, ProviderStatus } from './shape';

const SDK_VERSION = 'telemetry.sdk.version';
const MAX_OBJECTS = 2_000;
const URL_FIELDS = ['url', 'address', '_urlStr'];

/** Processors of the SDK that export nothing themselves. */
const IDLE = /^(Noop|Multi)SpanProcessor$/;

export function describeProvider(provider: object): ProviderStatus {
  const objects = within(provider as Unknown, isExporter);
  const exporters = objects.filter(isExporter);
  const processors = objects.filter((object) => has(object, 'onStart', 'onEnd'));
  const sampler = objects.find((object) => has(object, 'shouldSample'));
  return {
    sdkVersion: versionIn(provider as Unknown),
    sampler: sampler === undefined ? '' : describeSampler(sampler),
    exporters: exporters.map(describeExporter),
    isEmpty:
      exporters.length === 0 && processors.length > 0 && processors.every((processor) => IDLE.test(classOf(processor))),
  };
}

type Unknown = Readonly<Record<string, unknown>> & { readonly constructor?: { readonly name?: string } };

function isObject(value: unknown): value is Unknown {
  return typeof value === 'object' && value !== null;
}

function classOf(object: Unknown): string {
  return object.constructor?.name ?? '';
}

function has(object: Unknown, ...methods: readonly string[]): boolean {
  return methods.every((method) => typeof fieldOf(object, method) === 'function');
}

/** Reads a field, or a method of its class. A getter is not run. */
function fieldOf(object: object, name: string): unknown {
  for (let holder: object | null = object; holder !== null; holder = Object.getPrototypeOf(holder) as object | null) {
    const property = Object.getOwnPropertyDescriptor(holder, name);
    if (property !== undefined) return property.value;
  }
  return undefined;
}

function isExporter(object: Unknown): boolean {
  return has(object, 'export', 'shutdown') && !has(object, 'selectAggregationTemporality');
}

/** Returns all objects reachable through a few fields, the nearest first. The search stops at an end. */
function within(start: Unknown, isEnd: (object: Unknown) => boolean): Unknown[] {
  const found = new Set<Unknown>([start]);
  for (const object of found) {
    if (found.size > MAX_OBJECTS) break;
    if (isEnd(object)) continue;
    for (const { value } of Object.values(Object.getOwnPropertyDescriptors(object)))
      if (isObject(value)) found.add(value);
  }
  return [...found];
}

/** Reads the list of attributes as it was given, if there is one: reading unsettled attributes makes the SDK warn. */
function versionIn({ resource, _resource }: Unknown): string | undefined {
  const source = _resource ?? resource;
  if (!isObject(source)) return undefined;
  const { _rawAttributes: raw } = source;
  const attributes: unknown = Array.isArray(raw) ? Object.fromEntries(raw) : source.attributes;
  const version = isObject(attributes) ? attributes[SDK_VERSION] : undefined;
  return typeof version === 'string' ? version : undefined;
}

/** Returns the class and the full address, which may contain credentials. */
export function describeExporter(given: object): ExporterStatus {
  const exporter = given as Unknown;
  const name = classOf(exporter);
  for (const object of within(exporter, () => false)) {
    const url = URL_FIELDS.map((field) => fieldOf(object, field)).find(
      (value) => typeof value === 'string' && value !== '',
    );
    if (url !== undefined) return { name, url: url as string };
  }
  return { name };
}

/** The specification defines `toString` of built-in samplers; of others only the class is shown. */
function describeSampler(sampler: Unknown): string {
  const text = String(sampler);
  if (/^(ParentBased|AlwaysO|TraceIdRatio)/.test(text)) return text.replace(/, remoteParentSampled=.*\}$/, '}');
  const name = classOf(sampler);
  return name === 'Object' ? 'one without a name' : name;
}
