// Knows: the environment variables that decide whether the preloads do anything.
// Must not know: the options of the instrumentation (config reads those).
type Environment = Record<string, string | undefined>;

/** The switch of the specification for all of OpenTelemetry. */
export function isSdkDisabled(environment: Environment): boolean {
  return environment.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true';
}

/**
 * Our own switch. `redis` in OTEL_NODE_DISABLED_INSTRUMENTATIONS is not one: it means the other instrumentation, see
 * below.
 */
export function isSwitchedOff(environment: Environment): boolean {
  return ['false', '0'].includes(environment.OTEL_INSTRUMENTATION_REDIS_ENABLED?.trim().toLowerCase() ?? '');
}

/** Instrumentations of `auto-instrumentations-node` that record the same libraries as ours, by their names. */
const INCUMBENTS = ['redis', 'ioredis'] as const;

/**
 * Two instrumentations on one client lose or duplicate spans. `auto-instrumentations-node` reads this list when it is
 * loaded. So if we are loaded first, this keeps out its own `@opentelemetry/instrumentation-redis` and `-ioredis`,
 * for the libraries that we record.
 */
export function keepIncumbentOut(environment: Environment): void {
  const names = listOf(environment.OTEL_NODE_DISABLED_INSTRUMENTATIONS);
  const recorded = listOf(environment.OTEL_INSTRUMENTATION_REDIS_CLIENTS);
  const isOurs = (name: string): boolean => recorded.length === 0 || recorded.includes(name);
  const more = INCUMBENTS.filter((name) => isOurs(name) && !names.includes(name));
  if (more.length > 0) environment.OTEL_NODE_DISABLED_INSTRUMENTATIONS = [...names, ...more].join(',');
}

function listOf(text = ''): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
