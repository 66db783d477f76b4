// Knows: how a program is told to send its telemetry here, at once and without waiting.
// Must not know: what it sends.
import { PACKAGE_NAME } from '../version';
import { REGISTER } from './places';

/**
 * For a program that is started from here. Everything that could lead its telemetry elsewhere, or thin it out, is said:
 * the shell's own settings are those of a production. JSON needs no decoder beyond Node.js.
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

/** How a program is started whose telemetry is to come here. */
export interface ConnectLines {
  /** A page of its own for one program. The same in every shell. */
  readonly view: string;
  /** This page, for a program that is started in another terminal. */
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
  return {
    view: `npx ${PACKAGE_NAME} view -- node app.js`,
    posix: `${settings.map(([name, value]) => `${name}=${value.includes(' ') ? `'${value}'` : value}`).join(' ')} node app.js`,
    windows: `${settings.map(([name, value]) => `$env:${name}='${value}'`).join('; ')}; node app.js`,
  };
}
