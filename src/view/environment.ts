// Knows: which variables make a program send its telemetry here, at once and without batching delays.
// Must not know: what it sends.
import { PACKAGE_NAME } from '../version';
import { REGISTER } from './places';

/**
 * Returns the variables for a program that is started from here. They override everything that could send its
 * telemetry elsewhere or drop a part of it: the shell may have production settings. JSON needs no decoder beyond
 * Node.js.
 */
export function environmentFor(url: string): Readonly<Record<string, string>> {
  return {
    OTEL_SDK_DISABLED: 'false',
    OTEL_CONFIG_FILE: '',
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_METRICS_EXPORTER: 'otlp',
    OTEL_LOGS_EXPORTER: 'none',
    OTEL_TRACES_SAMPLER: 'always_on',
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${url}/v1/traces`,
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${url}/v1/metrics`,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json',
    OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'http/json',
    OTEL_EXPORTER_OTLP_HEADERS: '',
    OTEL_BSP_SCHEDULE_DELAY: '300',
    OTEL_BSP_MAX_QUEUE_SIZE: '20000',
    OTEL_METRIC_EXPORT_INTERVAL: '1000',
    OTEL_METRIC_EXPORT_TIMEOUT: '1000',
  };
}

/** Lines that start a program so that it sends its telemetry here. */
export interface ConnectLines {
  /** Opens a page of its own for one program. The same in every shell. */
  readonly view: string;
  /** Uses this page, for a program that is started in another terminal. */
  readonly posix: string;
  readonly windows: string;
}

export function linesFor(url: string): ConnectLines {
  const settings = Object.entries({
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_BSP_SCHEDULE_DELAY: '300',
    OTEL_METRIC_EXPORT_INTERVAL: '1000',
    NODE_OPTIONS: `--import "${REGISTER}"`,
  });
  const quoted = (value: string): string => (value.includes(' ') ? `'${value}'` : value);
  return {
    view: `npx ${PACKAGE_NAME} view -- node app.js`,
    posix: `${settings.map(([name, value]) => `${name}=${quoted(value)}`).join(' ')} node app.js`,
    windows: `${settings.map(([name, value]) => `$env:${name}='${value}'`).join('; ')}; node app.js`,
  };
}
