// Knows: where the current tracer, meter and logger come from.
// Must not know: what is recorded with them.
import * as api from '@opentelemetry/api';
import {
  createNoopMeter,
  type Meter,
  type MeterProvider,
  metrics,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';
import type { Logger } from './core/log-record';
import { SCHEMA_URL } from './core/semconv';
import { PACKAGE_NAME, PACKAGE_VERSION } from './version';

/** The API's own provider, which delegates to the registered SDK. */
interface Proxy extends TracerProvider {
  getDelegate(): TracerProvider;
  getDelegateTracer(name: string, version?: string, options?: { schemaUrl?: string }): Tracer | undefined;
}

function isProxy(provider: TracerProvider): provider is Proxy {
  return 'getDelegateTracer' in provider && 'getDelegate' in provider;
}

/** A source of loggers. The API has no name for it before 1.10. */
interface LoggerProvider {
  getLogger(name: string, version?: string, options?: { schemaUrl?: string }): Logger;
}

/** The API's own provider of loggers, which delegates to the registered SDK. */
function delegates(provider: LoggerProvider): boolean {
  return '_getDelegateLogger' in provider;
}

/** Where the package for logs, which the API of 1.9 and before does not contain, keeps a function for each process. */
const LOGS_PACKAGE = Symbol.for('io.opentelemetry.js.api.logs');

/** The version of that function which we understand. */
const LOGS_VERSION = 1;

const OPTIONS = { schemaUrl: SCHEMA_URL };

/**
 * The tracer and the meter of the provider that is registered at the moment. They are looked up per use, not once at
 * construction: the SDK may be registered later, be replaced, or use the other copy of a dual package. The API has no
 * proxy for meters.
 */
export class Providers {
  private tracerProvider: TracerProvider | undefined;
  private tracerOf: TracerProvider | undefined;
  private currentTracer: Tracer | undefined;
  private meterProvider: MeterProvider | undefined;
  private meterOf: MeterProvider | undefined;
  private currentMeter: Meter | undefined;
  private loggerProvider: LoggerProvider | undefined;
  private loggerOf: LoggerProvider | undefined;
  private currentLogger: Logger | undefined;

  /** The global proxy may belong to a copy of the API that no SDK uses; only a provider of its own is kept. */
  setTracerProvider(provider: TracerProvider): void {
    this.tracerProvider = isProxy(provider) ? undefined : provider;
  }

  /** Without an SDK this is the API's no-op provider, which must not be kept when an SDK arrives. */
  setMeterProvider(provider: MeterProvider): void {
    this.meterProvider = meterFrom(provider) === undefined ? undefined : provider;
  }

  /** An SDK in which logs are off has the API's own provider. */
  setLoggerProvider(provider: LoggerProvider): void {
    this.loggerProvider = delegates(provider) ? undefined : provider;
  }

  /** undefined: no SDK is registered. */
  readonly tracer = (): Tracer | undefined => {
    const provider = this.tracerProvider ?? trace.getTracerProvider();
    const source = isProxy(provider) ? provider.getDelegate() : provider;
    if (source !== this.tracerOf) {
      this.tracerOf = source;
      this.currentTracer = isProxy(provider)
        ? provider.getDelegateTracer(PACKAGE_NAME, PACKAGE_VERSION, OPTIONS)
        : provider.getTracer(PACKAGE_NAME, PACKAGE_VERSION, OPTIONS);
    }
    return this.currentTracer;
  };

  /** The provider of the tracer; undefined: no SDK is registered. */
  tracerProviderNow(): TracerProvider | undefined {
    return this.tracer() === undefined ? undefined : this.tracerOf;
  }

  /** undefined: no SDK is registered. */
  readonly meter = (): Meter | undefined => {
    const provider = this.meterProvider ?? metrics.getMeterProvider();
    if (provider !== this.meterOf) {
      this.meterOf = provider;
      this.currentMeter = meterFrom(provider);
    }
    return this.currentMeter;
  };

  /** undefined: no SDK is registered, or it has no logs. */
  readonly logger = (): Logger | undefined => {
    const provider = this.loggerProvider ?? globalLoggerProvider();
    if (provider !== this.loggerOf) {
      this.loggerOf = provider;
      this.currentLogger = provider?.getLogger(PACKAGE_NAME, PACKAGE_VERSION, OPTIONS);
    }
    return this.currentLogger;
  };
}

/** An SDK registers either with the API or, before API 1.10, with the package for logs. */
function globalLoggerProvider(): LoggerProvider | undefined {
  const { logs } = api as { logs?: { getLoggerProvider(): LoggerProvider } };
  const provider = logs?.getLoggerProvider();
  if (provider !== undefined && !delegates(provider)) return provider;
  const { [LOGS_PACKAGE]: find } = globalThis as { [LOGS_PACKAGE]?: (version: number) => LoggerProvider };
  return find?.(LOGS_VERSION);
}

function meterFrom(provider: MeterProvider): Meter | undefined {
  const meter = provider.getMeter(PACKAGE_NAME, PACKAGE_VERSION, OPTIONS);
  return meter === createNoopMeter() ? undefined : meter;
}
