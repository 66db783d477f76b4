// Knows: the environment variables that decide whether the preloads do anything.
// Must not know: the options of the instrumentation; config.ts reads those.
type Environment = Record<string, string | undefined>;

/** The specification's switch for everything. */
export function isSdkDisabled(environment: Environment): boolean {
  return environment.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true';
}

/** Ours alone. `redis` in OTEL_NODE_DISABLED_INSTRUMENTATIONS cannot be it: that means the other one, see below. */
export function isSwitchedOff(environment: Environment): boolean {
  return ['false', '0'].includes(environment.OTEL_INSTRUMENTATION_REDIS_ENABLED?.trim().toLowerCase() ?? '');
}

/** Those of `auto-instrumentations-node` that record what ours does, by its names and by ours of the library. */
const INCUMBENTS = ['redis', 'ioredis'] as const;

/**
 * Two instrumentations on one client lose or double spans. `auto-instrumentations-node` reads this list when it
 * is loaded, so being loaded before it is enough to keep its own `@opentelemetry/instrumentation-redis` and `-ioredis`
 * out: of the libraries that we record ourselves.
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
