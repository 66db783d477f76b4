// Knows: where a tracer and a meter come from, now.
// Must not know: what is recorded with them.
import { createNoopMeter, type Meter, type MeterProvider, metrics, type Tracer, type TracerProvider, trace } from '@opentelemetry/api';
import { SCHEMA_URL } from './core/semconv';
import { PACKAGE_NAME, PACKAGE_VERSION } from './version';

/** The API's own provider, which stands for whichever SDK is registered at last. */
interface Proxy extends TracerProvider {
  getDelegate(): TracerProvider;
  getDelegateTracer(name: string, version?: string, options?: { schemaUrl?: string }): Tracer | undefined;
}

function isProxy(provider: TracerProvider): provider is Proxy {
  return 'getDelegateTracer' in provider && 'getDelegate' in provider;
}

const OPTIONS = { schemaUrl: SCHEMA_URL };

/**
 * The tracer and the meter of whoever is registered at the moment. Asked per use, not once at construction: the SDK
 * may come later, be replaced, or register through the other copy of a dual package. Meters have no proxy at all.
 */
export class Providers {
  private tracerProvider: TracerProvider | undefined;
  private tracerOf: TracerProvider | undefined;
  private currentTracer: Tracer | undefined;
  private meterProvider: MeterProvider | undefined;
  private meterOf: MeterProvider | undefined;
  private currentMeter: Meter | undefined;

  /** @param meterChanged called when another meter is to be used: what is observed has to move to it */
  constructor(private readonly meterChanged: () => void) {}

  /** The global proxy may be that of a copy nobody registers with; only a provider of its own is meant to stay. */
  setTracerProvider(provider: TracerProvider): void {
    this.tracerProvider = isProxy(provider) ? undefined : provider;
  }

  /** Without an SDK the API's no-op comes here: it must not outlive the SDK's arrival. */
  setMeterProvider(provider: MeterProvider): void {
    this.meterProvider = meterFrom(provider) === undefined ? undefined : provider;
  }

  /** undefined while no SDK is registered. */
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

  /** Where the tracer comes from; undefined while no SDK is registered. */
  tracerProviderNow(): TracerProvider | undefined {
    return this.tracer() === undefined ? undefined : this.tracerOf;
  }

  /** undefined while no SDK is registered. */
  readonly meter = (): Meter | undefined => {
    const provider = this.meterProvider ?? metrics.getMeterProvider();
    if (provider !== this.meterOf) {
      this.meterOf = provider;
      this.currentMeter = meterFrom(provider);
      this.meterChanged();
    }
    return this.currentMeter;
  };
}

function meterFrom(provider: MeterProvider): Meter | undefined {
  const meter = provider.getMeter(PACKAGE_NAME, PACKAGE_VERSION, OPTIONS);
  return meter === createNoopMeter() ? undefined : meter;
}
