// Knows: OpenTelemetry's base class, and what its constructor does to everybody else.
// Must not know: redis.
import { InstrumentationBase, type InstrumentationConfig } from '@opentelemetry/instrumentation';

/**
 * `InstrumentationBase` without its constructor. That one installs the require hook which all instrumentations share,
 * and what is required before somebody has asked for it is never offered again: constructed before an SDK loads its
 * exporters, which need `http`, it would take all spans of HTTP away. We see our files by ourselves and need no such
 * hook, so an instance is made by the constructor that `InstrumentationBase` extends.
 */
export abstract class NeighbourlyBase<C extends InstrumentationConfig> extends InstrumentationBase<C> {}

// What `super()` calls.
Object.setPrototypeOf(NeighbourlyBase, Object.getPrototypeOf(InstrumentationBase));
