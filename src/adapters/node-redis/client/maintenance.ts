// Knows: what redis 5.12 and later publish about maintenance, and about their own caches, on diagnostics channels.
// Must not know: the names of metrics.
import type { ClientFacts } from '../../../core/events';
import type { ConnectionRecorder, MaintenanceRecorder, Report } from '../../../core/recorder';
import { Subscriptions } from '../../shared/subscriptions';

interface Message {
  readonly clientId?: unknown;
  readonly notification?: unknown;
  /** 1: a time out was made longer; -1: it is as it was. */
  readonly value?: unknown;
  /** Why entries were given up, and how many. */
  readonly reason?: unknown;
  readonly count?: unknown;
}

/**
 * Listens to rare channels only, which cost a client nothing: no command is published there.
 * @param factsOf of a client by the id that redis gives it
 */
export function maintenanceOf(
  recorder: MaintenanceRecorder,
  caches: Pick<ConnectionRecorder, 'evicted'>,
  factsOf: (clientId: string) => ClientFacts | undefined,
  report: Report,
): Subscriptions {
  const serverOf = ({ clientId }: Message) => factsOf(String(clientId));
  const listeners = {
    'node-redis:maintenance': (message: Message) => recorder.notified(String(message.notification), serverOf(message)),
    'node-redis:connection:handoff': (message: Message) => recorder.handedOff(serverOf(message)),
    'node-redis:connection:relaxed-timeout': (message: Message) =>
      recorder.relaxed(Number(message.value) || 0, serverOf(message)),
    'node-redis:cache:eviction': ({ reason, count }: Message) => caches.evicted(String(reason), Number(count) || 1),
  };
  return new Subscriptions(listeners, 'maintenance could not be recorded', report);
}
