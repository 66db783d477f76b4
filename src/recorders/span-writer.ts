// Knows: how a span is created and ended: its times, its status, and the names from before the stable conventions.
// Must not know: what a span is about.
import {
  type Attributes,
  type Context,
  type HrTime,
  type Span,
  type SpanKind,
  type SpanOptions,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { Failure } from '../core/facts';
import * as semconv from '../core/semconv';
import { addOldNames } from './attributes';

export class SpanWriter {
  constructor(private readonly withOldNames: boolean) {}

  /** @param inside the context of the span, if it exists already: then it only gets the attributes */
  start(tracer: Tracer, name: string, options: SpanOptions, parent: Context, inside?: Context): Span {
    if (this.withOldNames) addOldNames(options.attributes as Attributes);
    const opened = inside && trace.getSpan(inside);
    if (opened === undefined) return tracer.startSpan(name, options, parent);
    return opened
      .updateName(name)
      .setAttributes(options.attributes ?? {})
      .addLinks(options.links ?? []);
  }

  /** `Ok` is reserved for the application: success leaves the status unset. */
  finish(span: Span, startTimeMs: number, durationMs: number, failure: Failure | undefined): void {
    if (this.withOldNames) span.setAttribute(semconv.ATTR_GUIDE_DURATION_MS, Math.round(durationMs * 1_000) / 1_000);
    if (failure !== undefined) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: failure.description });
      failure.span = span.spanContext();
    }
    span.end(timeAt(startTimeMs, durationMs));
  }
}

export function optionsFor(kind: SpanKind, startTimeMs: number, attributes: Attributes): SpanOptions {
  return { kind, startTime: timeAt(startTimeMs, 0), attributes };
}

/**
 * Converts a time to seconds and nanoseconds, the form in which the SDK keeps it. The SDK also takes milliseconds,
 * but then it reads the clock each time to find out their kind, and loses half a microsecond of the fraction.
 */
function timeAt(startTimeMs: number, laterMs: number): HrTime {
  const seconds = Math.trunc(startTimeMs / 1_000);
  const nanoseconds = Math.round((startTimeMs - seconds * 1_000 + laterMs) * 1e6);
  return nanoseconds < 1e9 ? [seconds, nanoseconds] : [seconds + Math.trunc(nanoseconds / 1e9), nanoseconds % 1e9];
}
