// Knows: that a diagnostic is worth nothing while nobody has set a logger.
// Must not know: what is said.
import { DiagConsoleLogger, type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';

/** Where every copy of the API keeps what is registered. */
interface ApiGlobals {
  readonly diag?: object;
  readonly trace?: object;
}

const API = Symbol.for('opentelemetry.js.api.1');
const holder = globalThis as { [API]?: ApiGlobals };

export function apiGlobals(): ApiGlobals {
  return holder[API] ?? {};
}

/** Runs `call` with diagnostics on the console, and leaves no logger behind: the SDK or the application sets its own. */
export function withConsoleLogger<T>(call: () => T): T {
  const isOurs = useConsole();
  try {
    return call();
  } finally {
    if (isOurs) forget();
  }
}

/**
 * The first copy of the API that registers anything decides for the whole process which version may. A logger that is
 * gone must not have decided: the SDK's copy can be another.
 */
function forget(): void {
  diag.disable();
  const { version, ...registered } = apiGlobals() as Record<string, unknown>;
  if (Object.keys(registered).length === 0) holder[API] = undefined;
}

/** Sets a logger at OTEL_LOG_LEVEL, or for warnings and errors, unless there is one. */
export function useConsole(): boolean {
  if (apiGlobals().diag !== undefined) return false;
  const name = process.env.OTEL_LOG_LEVEL?.trim().toUpperCase() ?? '';
  const logLevel = name in DiagLogLevel ? DiagLogLevel[name as keyof typeof DiagLogLevel] : DiagLogLevel.WARN;
  return diag.setLogger(new DiagConsoleLogger(), { logLevel });
}

/** Keeps errors from the logger that is set, whoever set it, but for debugging: those that say what was said. */
export function quieten(isSaid: (message: string) => boolean): void {
  const logger = apiGlobals().diag as DiagLogger | undefined;
  if (logger === undefined) return;
  const quiet: DiagLogger = {
    error: (message, ...details) => (isSaid(message) ? logger.debug(message, ...details) : logger.error(message, ...details)),
    warn: (message, ...details) => logger.warn(message, ...details),
    info: (message, ...details) => logger.info(message, ...details),
    debug: (message, ...details) => logger.debug(message, ...details),
    verbose: (message, ...details) => logger.verbose(message, ...details),
  };
  // Its own level is kept: it is still in there.
  diag.setLogger(quiet, { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true });
}
