// Knows: a meter provider for one test, and how what it collects is written down.
// Must not know: what a metric of ours means.
import { type Attributes, metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  type MeterProviderOptions,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { PACKAGE_NAME } from '../../src/version';
import { instrumentation } from './tracing';

/** One point as a test writes it down: the count of a histogram, the value of the rest. */
export interface Point {
  readonly attributes: Attributes;
  readonly value: number;
}

/** What was collected, by the name of the metric. A metric without points is not there. */
export type Collected = Record<string, Point[]>;

/** The part of what was collected that is about pools. */
export function ofPools(collected: Collected): Collected {
  return Object.fromEntries(Object.entries(collected).filter(([name]) => name.startsWith('db.client.connection.')));
}

export class Measuring {
  private readonly reader = new PeriodicExportingMetricReader({
    exporter: new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE),
    exportIntervalMillis: 1e6,
  });
  readonly provider: MeterProvider;

  constructor(options: MeterProviderOptions = {}) {
    this.provider = new MeterProvider({ ...options, readers: [this.reader] });
  }

  /** A provider that our instrumentation uses from now on. */
  static start(options?: MeterProviderOptions): Measuring {
    const measuring = new Measuring(options);
    instrumentation.setMeterProvider(measuring.provider);
    return measuring;
  }

  /** Our instrumentation goes back to the global provider. */
  async stop(): Promise<void> {
    instrumentation.setMeterProvider(metrics.getMeterProvider());
    await this.provider.shutdown();
  }

  collect(): Promise<Collected> {
    return this.collectScope(PACKAGE_NAME);
  }

  /** What somebody else records. */
  async collectScope(name: string): Promise<Collected> {
    const { resourceMetrics } = await this.reader.collect();
    const ofScope = resourceMetrics.scopeMetrics.filter(({ scope }) => scope.name === name);
    const all = ofScope.flatMap((scope) => scope.metrics).filter(({ dataPoints }) => dataPoints.length > 0);
    return Object.fromEntries(
      all.map(({ descriptor, dataPoints }) => [
        descriptor.name,
        dataPoints.map(({ attributes, value }) => ({
          attributes,
          value: typeof value === 'number' ? value : (value as Histogram).count,
        })),
      ]),
    );
  }

  async points(name: string): Promise<Point[]> {
    return (await this.collect())[name] ?? [];
  }
}
