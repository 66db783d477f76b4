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

/**
 * Two instrumentations on one client lose or double spans. `auto-instrumentations-node` reads this list when it
 * is loaded, so being loaded before it is enough to keep its own `@opentelemetry/instrumentation-redis` out.
 */
export function keepIncumbentOut(environment: Environment): void {
  const names = (environment.OTEL_NODE_DISABLED_INSTRUMENTATIONS ?? '').split(',').map((name) => name.trim());
  if (names.includes('redis')) return;
  environment.OTEL_NODE_DISABLED_INSTRUMENTATIONS = [...names, 'redis'].filter((name) => name !== '').join(',');
}
