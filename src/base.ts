// Knows: OpenTelemetry's base class, and the effect of its constructor on other instrumentations.
// Must not know: redis.
import { InstrumentationBase, type InstrumentationConfig } from '@opentelemetry/instrumentation';

/**
 * `InstrumentationBase` without its constructor. That constructor installs the require hook that all instrumentations
 * share. Modules that are required before an instrumentation registers them are never offered to it again: if we were
 * constructed before an SDK loads its exporters, which need `http`, all HTTP spans would be lost. We find our files
 * ourselves and need no such hook, so instances are made by the constructor of the class that `InstrumentationBase`
 * extends.
 */
export abstract class NeighbourlyBase<C extends InstrumentationConfig> extends InstrumentationBase<C> {}

// The constructor that `super()` calls.
Object.setPrototypeOf(NeighbourlyBase, Object.getPrototypeOf(InstrumentationBase));
