// Knows: the metrics that redis 5.12 and later record themselves, once the application asks for them.
// Must not know: the names of metrics, ours or theirs.
import { hasSubscribers } from 'node:diagnostics_channel';
import type { NativeMetrics } from '../../../core/recorder';
import { PatchLedger, type Target } from '../../shared/patch';

/** What the client has of its own metrics. One for each copy of the module. */
interface OTelMetrics {
  isInitialized(): unknown;
  readonly instance?: { readonly commandMetrics?: object };
}

type Init = (this: unknown, ...args: unknown[]) => unknown;

const NOTHING: NativeMetrics = {
  operations: false,
  connections: false,
  waits: false,
  cache: false,
  errors: false,
  closed: false,
  pubSub: false,
  streams: false,
};

/** Looks once when the client is loaded or patched, and again when the application switches its metrics on. */
export class NativeMetricsTap {
  private readonly copies = new Set<OTelMetrics>();

  constructor(private readonly changed: (native: NativeMetrics) => void) {}

  /** `opentelemetry/metrics.js`. False if the seam is not what we know: then nothing is touched. */
  patch(moduleExports: Target, ledger: PatchLedger): boolean {
    const { OTelMetrics: metrics } = moduleExports;
    if (!PatchLedger.has(metrics, 'init', 'isInitialized')) return false;
    const look = () => this.look();
    ledger.wrap<Init>(metrics, 'init', (original) => {
      return function init(this: unknown): unknown {
        const result = original.apply(this, arguments as never);
        look();
        return result;
      };
    });
    this.copies.add(metrics as unknown as OTelMetrics);
    this.look();
    return true;
  }

  private look(): void {
    const inUse = [...this.copies].filter((copy) => copy.isInitialized() === true);
    if (inUse.length === 0) {
      this.changed(NOTHING);
      return;
    }
    this.changed({
      // A group that is not asked for is a plain object that does nothing.
      operations: inUse.some(({ instance }) => instance?.commandMetrics !== undefined && instance.commandMetrics.constructor !== Object),
      // The others show only in what they listen to.
      connections: hasSubscribers('node-redis:connection:ready'),
      waits: hasSubscribers('node-redis:pool:connection-wait'),
      cache: hasSubscribers('node-redis:cache:request'),
      errors: hasSubscribers('node-redis:error'),
      // Of the same group as the waits; this package listens to the closing ones itself.
      closed: hasSubscribers('node-redis:pool:connection-wait'),
      pubSub: hasSubscribers('node-redis:pubsub'),
      // Told by one channel, for both.
      streams: hasSubscribers('node-redis:command:reply'),
    });
  }
}
