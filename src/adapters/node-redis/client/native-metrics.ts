// Knows: the metrics that redis 5.12 and later record themselves if the application enables them.
// Must not know: the names of metrics, ours or theirs.
import { hasSubscribers } from 'node:diagnostics_channel';
import type { NativeMetrics } from '../../../core/recorder';
import { after, PatchLedger, type Target } from '../../shared/patch';

/** The client's own metrics. Each copy of the module has its own. */
interface OTelMetrics {
  isInitialized(): unknown;
  readonly instance?: { readonly commandMetrics?: object };
}

/** Checks when the client is loaded or patched, and again when the application enables its metrics. */
export class NativeMetricsTap {
  private readonly copies = new Set<OTelMetrics>();

  constructor(private readonly changed: (native: NativeMetrics) => void) {}

  /** `opentelemetry/metrics.js`. Returns false if the seam is unknown; then nothing was changed. */
  patch(moduleExports: Target, ledger: PatchLedger): boolean {
    const { OTelMetrics: metrics } = moduleExports;
    if (!PatchLedger.has(metrics, 'init', 'isInitialized')) return false;
    ledger.patch(metrics, { init: after(() => this.look()) });
    this.copies.add(metrics as unknown as OTelMetrics);
    this.look();
    return true;
  }

  private look(): void {
    const inUse = [...this.copies].filter((copy) => copy.isInitialized() === true);
    const isHeard = (channel: string): boolean => inUse.length > 0 && hasSubscribers(`node-redis:${channel}`);
    this.changed({
      // A group that is not enabled is a plain object that does nothing.
      operations: inUse.some(
        ({ instance }) => instance?.commandMetrics !== undefined && instance.commandMetrics.constructor !== Object,
      ),
      // The other groups only show in the channels that they subscribe to.
      connections: isHeard('connection:ready'),
      waits: isHeard('pool:connection-wait'),
      cache: isHeard('cache:request'),
      errors: isHeard('error'),
      // This is the group of the waits; we subscribe to the channels of closed connections ourselves.
      closed: isHeard('pool:connection-wait'),
      pubSub: isHeard('pubsub'),
      // One channel publishes both.
      streams: isHeard('command:reply'),
    });
  }
}
