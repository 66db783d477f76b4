// Knows: how the application's SDK is started. Its environment or its file configures it.
// Must not know: exporters, processors and samplers, which OTEL_* variables define.
import type { Instrumentation } from '@opentelemetry/instrumentation';
import type { RedisInstrumentation } from '../instrumentation';
import { PACKAGE_NAME } from '../version';
import { findBeside, SDK } from './application';
import { configFile } from './config-file';
import { apiGlobals, log, quieten, useConsole, withConsoleLogger } from './diagnostics';
import { isSdkDisabled } from './environment';
import { flushAtEnd } from './exit';
import { type ExporterClass, ExportWatch } from './export-watch';

const EXPORTER_BASE = '@opentelemetry/otlp-exporter-base';

interface Started {
  shutdown(): Promise<void>;
}

interface Options {
  readonly instrumentations: Instrumentation[];
}

type Start = (options: Options) => Started;

/** The part that we use. The types of an optional package are not ours to publish. */
interface SdkModule {
  readonly NodeSDK: new (options: Options) => Started & { start(): void };
  /** Reads OTEL_CONFIG_FILE. The first name exists from 0.300 on, the second from 0.210 on. */
  readonly startNodeSdk?: Start;
  readonly startNodeSDK?: Start;
}

/** Starts the application's SDK, configured by its environment or its file, unless an SDK was started already. */
export function startSdk(
  path: string | undefined,
  instrumentation: RedisInstrumentation | undefined,
  others: Instrumentation[] = [],
): void {
  if (isSdkDisabled(process.env) || apiGlobals().trace !== undefined) return;
  if (path === undefined) {
    const advice = `install it, or start an SDK yourself and preload ${PACKAGE_NAME}/hook instead`;
    withConsoleLogger(() => log().error(`${SDK} was not found, so nothing is exported: ${advice}`));
    return;
  }
  const exports = watchExports(path);
  const instrumentations = instrumentation === undefined ? others : [instrumentation, ...others];
  const started = startOf(require(path) as SdkModule)({ instrumentations });
  quieten((line) => exports.isKnown(line));
  flushAtEnd(started, () => instrumentation?.flushSpans());
}

/** Called before exporters are made. Exporters without a common class are not watched. */
function watchExports(sdk: string): ExportWatch {
  const watch = new ExportWatch();
  const path = findBeside(sdk, EXPORTER_BASE);
  const { OTLPExporterBase: base } = path === undefined ? {} : (require(path) as { OTLPExporterBase?: ExporterClass });
  if (typeof base?.prototype?.export === 'function') watch.watch(base);
  return watch;
}

function startOf({ NodeSDK, startNodeSdk, startNodeSDK }: SdkModule): Start {
  const file = configFile();
  const fromFile = startNodeSdk ?? startNodeSDK;
  if (file !== undefined && fromFile !== undefined) return fromFile;
  return (options) => {
    const sdk = new NodeSDK(options);
    // The SDK sets a logger only if OTEL_LOG_LEVEL is given. Without one, nothing would report an unreachable
    // collector.
    useConsole();
    if (file !== undefined)
      log().error(`${SDK} is too old to read OTEL_CONFIG_FILE (0.210 can); it is configured by the environment`);
    sdk.start();
    return sdk;
  };
}
