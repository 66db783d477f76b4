// Knows: a logger provider for one test, and how what it is given is written down.
// Must not know: what an event of ours means.
import type { SpanContext } from '@opentelemetry/api';
import { logs } from '@opentelemetry/sdk-node';
import { PACKAGE_NAME } from '../../src/version';
import { instrumentation } from './tracing';

type Provider = Parameters<typeof instrumentation.setLoggerProvider>[0];

/** An event as a test writes it down. */
export interface LoggedEvent {
  readonly name: string | undefined;
  readonly severity: number | undefined;
  readonly body: unknown;
  readonly attributes: object;
  /** The span that it is in. */
  readonly span: SpanContext | undefined;
}

export class Logging {
  private readonly exporter = new logs.InMemoryLogRecordExporter();
  readonly provider = new logs.LoggerProvider({ processors: [new logs.SimpleLogRecordProcessor({ exporter: this.exporter })] });

  /** A provider that our instrumentation uses from now on. */
  static start(): Logging {
    const logging = new Logging();
    instrumentation.setLoggerProvider(logging.provider);
    return logging;
  }

  /** Our instrumentation goes back to the global provider. */
  async stop(): Promise<void> {
    instrumentation.setLoggerProvider(NONE);
    await this.provider.shutdown();
  }

  events(): LoggedEvent[] {
    const own = this.exporter.getFinishedLogRecords().filter(({ instrumentationScope }) => instrumentationScope.name === PACKAGE_NAME);
    return own.map(({ eventName, severityNumber, body, attributes, spanContext }) => ({
      name: eventName,
      severity: severityNumber,
      body,
      attributes,
      span: spanContext,
    }));
  }

  reset(): void {
    this.exporter.reset();
  }
}

/** As the API's own provider. */
const NONE = { getLogger: () => ({ emit: () => {}, enabled: () => false }), _getDelegateLogger: () => undefined } as Provider;
