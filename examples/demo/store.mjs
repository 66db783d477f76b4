// Knows: the shape of OTLP JSON, and keeps what arrived as plain spans and metric series.
// Must not know: who sends and who looks.

/** Spans in order of arrival; of every metric series the latest and the highest value. */
export function createStore() {
  const spans = [];
  const metrics = new Map();

  return {
    spans,
    addTraces(body) {
      for (const { scope, span } of flatten(body.resourceSpans, 'scopeSpans', 'spans', 'span')) {
        spans.push(readSpan(span, scope));
      }
    },
    addMetrics(body) {
      for (const { metric } of flatten(body.resourceMetrics, 'scopeMetrics', 'metrics', 'metric')) {
        keep(metrics, metric);
      }
    },
    /** The series of one metric: `[{ attributes, value, peak }]`; a histogram's value is its count. */
    series: (name) => [...(metrics.get(name)?.values() ?? [])],
  };
}

export function isRedisSpan({ attributes }) {
  return attributes['db.system.name'] === 'redis' || attributes['messaging.system.name'] === 'redis';
}

function flatten(resources = [], scopesField, itemsField, itemName) {
  return resources.flatMap((resource) => {
    return (resource[scopesField] ?? []).flatMap((group) => {
      return (group[itemsField] ?? []).map((item) => ({ scope: group.scope?.name, [itemName]: item }));
    });
  });
}

function readSpan(span, scope) {
  const start = BigInt(span.startTimeUnixNano);
  const end = BigInt(span.endTimeUnixNano);
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId || undefined,
    name: span.name,
    scope,
    // Through microseconds: a double cannot hold nanoseconds since 1970.
    startMs: Number(start / 1_000n) / 1_000,
    durationMs: Number(end - start) / 1e6,
    failed: span.status?.code === 2,
    attributes: readAttributes(span.attributes),
    linkedIds: (span.links ?? []).map(({ spanId }) => spanId),
  };
}

function keep(metrics, metric) {
  const { dataPoints = [] } = metric.sum ?? metric.gauge ?? metric.histogram ?? metric.exponentialHistogram ?? {};
  if (!metrics.has(metric.name)) metrics.set(metric.name, new Map());
  const series = metrics.get(metric.name);
  for (const point of dataPoints) {
    const attributes = readAttributes(point.attributes);
    const key = JSON.stringify(Object.entries(attributes).sort());
    const value = Number(point.asInt ?? point.asDouble ?? point.count ?? 0);
    series.set(key, { attributes, value, peak: Math.max(value, series.get(key)?.peak ?? value) });
  }
}

function readAttributes(attributes = []) {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, readValue(value)]));
}

function readValue(value = {}) {
  if (value.stringValue !== undefined) return value.stringValue;
  if (value.boolValue !== undefined) return value.boolValue;
  // 64-bit integers may come as strings.
  if (value.intValue !== undefined) return Number(value.intValue);
  if (value.doubleValue !== undefined) return value.doubleValue;
  return value.arrayValue?.values?.map(readValue);
}
