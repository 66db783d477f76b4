// Knows: the one SDK of the test process, with everything it exports kept in memory.
// Must not know: any redis version.
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { type Attributes, DiagLogLevel, diag, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, type SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { RedisInstrumentation, type RedisInstrumentationConfig } from '../../src';

/** Warnings and errors written through diag, since the last reset. */
export const diagnostics: string[] = [];

/** Everything written through diag, of every level, since the last reset. */
export const everyLine: string[] = [];

const note = (...words: unknown[]): void => {
  everyLine.push(words.map((word) => (typeof word === 'string' ? word : inspect(word))).join(' '));
};
const write = (...words: unknown[]): void => {
  note(...words);
  diagnostics.push(words.map(String).join(' '));
};
/** Sets the logger that they come from, again for who took it away. */
export function listen(): void {
  diag.setLogger({ error: write, warn: write, info: note, debug: note, verbose: note }, DiagLogLevel.ALL);
}

listen();

/** Counts spans that were started and not ended. */
class OpenSpans implements SpanProcessor {
  count = 0;
  onStart(): void {
    this.count += 1;
  }
  onEnd(): void {
    this.count -= 1;
  }
  async forceFlush(): Promise<void> {}
  async shutdown(): Promise<void> {}
}

const openSpans = new OpenSpans();
const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [openSpans, new SimpleSpanProcessor(exporter)] });
provider.register();

/** The instrumentation of the test process. It exists before any redis is loaded. */
export const instrumentation = new RedisInstrumentation();

export const tracer = trace.getTracer('test');

/** What is learnt of a few keys depends on which came first. Here a number varies, and a word does not. */
const plainFamily = (key: string): string => key.replace(/\d+/g, '{}');

/**
 * Forgets everything recorded and remembered, and sets the options of the next test. Spans of slow operations have more attributes;
 * which are slow on a busy machine cannot be known, so none is unless the test says so.
 */
export function resetTracing(config: RedisInstrumentationConfig = {}): void {
  exporter.reset();
  openSpans.count = 0;
  diagnostics.length = 0;
  everyLine.length = 0;
  // What is switched off is forgotten: of keys, of locks, and of the families they have.
  instrumentation.setConfig({ cacheInsight: false, locks: false, keyFamilies: false });
  instrumentation.setConfig({ slowMs: false, keyFamilies: plainFamily, ...config });
}

/** The spans of our instrumentation, in the order they ended. */
export function redisSpans(): ReadableSpan[] {
  return exporter.getFinishedSpans().filter((span) => span.instrumentationScope.name === 'opentelemetry-instrumentation-redis');
}

/** What every test that traces ends with. */
export function assertQuiet(): void {
  assert.equal(openSpans.count, 0, 'spans were started and not ended');
  assert.deepEqual(diagnostics, []);
}

/** A span as a test writes it down. */
export interface Recorded {
  readonly name: string;
  readonly kind: string;
  readonly attributes: Attributes;
  /** The description of the ERROR status; absent where the status is unset. */
  readonly error?: string;
}

export function recorded(span: ReadableSpan): Recorded {
  const { name, kind, attributes, status } = span;
  assert.notEqual(status.code, SpanStatusCode.OK, 'Ok is the application’s to set');
  const error = status.code === SpanStatusCode.ERROR ? { error: status.message ?? '' } : {};
  return { name, kind: SpanKind[kind] ?? '', attributes, ...error };
}

/** Runs `body` inside a span of the application's, which is ended and passed on. */
export async function inSpan<T>(body: (span: Span) => Promise<T>): Promise<T> {
  return tracer.startActiveSpan('caller', async (span) => {
    try {
      return await body(span);
    } finally {
      span.end();
    }
  });
}
