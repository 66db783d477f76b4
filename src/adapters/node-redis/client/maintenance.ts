// Knows: what redis 5.12 and later publish about maintenance on diagnostics channels.
// Must not know: the names of metrics.
import type { MaintenanceRecorder, Report } from '../../../core/recorder';
import { Subscriptions } from '../../shared/subscriptions';

interface Message {
  readonly notification?: unknown;
  /** 1: a time out was made longer; -1: it is as it was. */
  readonly value?: unknown;
}

/** Listens to rare channels only, which cost a client nothing: servers announce maintenance now and then. */
export function maintenanceOf(recorder: MaintenanceRecorder, report: Report): Subscriptions {
  const listeners = {
    'node-redis:maintenance': ({ notification }: Message) => recorder.notified(String(notification)),
    'node-redis:connection:handoff': () => recorder.handedOff(),
    'node-redis:connection:relaxed-timeout': ({ value }: Message) => recorder.relaxed(Number(value) || 0),
  };
  return new Subscriptions(listeners, 'maintenance could not be recorded', report);
}
