// Knows: how everything the process exports is caught: spans, metrics, log events and diag lines of every level.
// Must not know: commands, clients.
import { type Meter, metrics } from '@opentelemetry/api';
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import type { RedisInstrumentationConfig } from '../../src';
import { Logging } from '../support/logging';
import { everyLine, instrumentation, redisSpans, resetTracing } from '../support/tracing';
import type { Exported } from './marks';

export interface Recording {
  /** A meter of the same provider. */
  readonly meter: Meter;
  /** What has been exported since it began. */
  exported(): Promise<Exported>;
  end(): Promise<void>;
}

/** Forgets what was, and records under these options. */
export function record(config: RedisInstrumentationConfig): Recording {
  // As an application has it: no rule of the tests is to name families.
  resetTracing({ keyFamilies: true, failureEvents: true, ...config });
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 1e6 });
  const provider = new MeterProvider({ readers: [reader] });
  instrumentation.setMeterProvider(provider);
  const logging = Logging.start();
  return {
    meter: provider.getMeter('test'),
    exported: async () => ({
      spans: redisSpans(),
      metrics: (await reader.collect()).resourceMetrics,
      events: logging.events(),
      lines: [...everyLine],
    }),
    end: async () => {
      instrumentation.setMeterProvider(metrics.getMeterProvider());
      await provider.shutdown();
      await logging.stop();
      resetTracing();
    },
  };
}
