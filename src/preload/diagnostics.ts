// Knows: that diagnostics are lost while no logger is set.
// Must not know: the messages.
import { DiagConsoleLogger, type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { PACKAGE_NAME } from '../version';

/** The object in which every copy of the API registers globals. */
interface ApiGlobals {
  readonly diag?: object;
  readonly trace?: object;
}

export function log(): DiagLogger {
  return diag.createComponentLogger({ namespace: PACKAGE_NAME });
}

const API = Symbol.for('opentelemetry.js.api.1');
const holder = globalThis as { [API]?: ApiGlobals };

export function apiGlobals(): ApiGlobals {
  return holder[API] ?? {};
}

/**
 * Runs `call` with diagnostics on the console, and removes the logger afterwards: the SDK or the application sets its
 * own.
 */
export function withConsoleLogger<T>(call: () => T): T {
  const isOurs = useConsole();
  try {
    return call();
  } finally {
    if (isOurs) forget();
  }
}

/**
 * The first copy of the API that registers anything decides for the whole process which versions may. A temporary
 * logger must not decide that: the SDK may use another copy.
 */
function forget(): void {
  diag.disable();
  const { version, ...registered } = apiGlobals() as Record<string, unknown>;
  if (Object.keys(registered).length === 0) holder[API] = undefined;
}

/** Sets a console logger at OTEL_LOG_LEVEL, or for warnings and errors, unless a logger is set. */
export function useConsole(): boolean {
  if (apiGlobals().diag !== undefined) return false;
  const name = process.env.OTEL_LOG_LEVEL?.trim().toUpperCase() ?? '';
  const logLevel = name in DiagLogLevel ? DiagLogLevel[name as keyof typeof DiagLogLevel] : DiagLogLevel.WARN;
  return diag.setLogger(new DiagConsoleLogger(), { logLevel });
}

/** Hides errors that were reported already from the logger that is set. At debug level they are kept. */
export function quieten(isSaid: (message: string) => boolean): void {
  const logger = apiGlobals().diag as DiagLogger | undefined;
  if (logger === undefined) return;
  const error: DiagLogger['error'] = (message, ...details) =>
    isSaid(message) ? logger.debug(message, ...details) : logger.error(message, ...details);
  // The wrapped logger keeps its own level.
  diag.setLogger({ ...logger, error }, { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true });
}
