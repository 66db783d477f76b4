// Knows: what redis 5.12 and later publish about maintenance on diagnostics channels.
// Must not know: the names of metrics.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { MaintenanceRecorder, Report } from '../../../core/recorder';

type Listener = (message: unknown) => void;

/** Subscribes to rare channels only, which cost a client nothing: servers announce maintenance now and then. */
export class MaintenanceTap {
  private readonly listeners: readonly (readonly [channel: string, listener: Listener])[];
  private isStarted = false;

  constructor(
    recorder: MaintenanceRecorder,
    private readonly report: Report,
  ) {
    this.listeners = [
      ['node-redis:maintenance', this.guarded((message) => recorder.notified(String(field(message, 'notification'))))],
      ['node-redis:connection:handoff', this.guarded(() => recorder.handedOff())],
      [
        'node-redis:connection:relaxed-timeout',
        this.guarded((message) => recorder.relaxed(Number(field(message, 'value')) || 0)),
      ],
    ];
  }

  start(): void {
    if (this.isStarted) return;
    this.isStarted = true;
    for (const [channel, listener] of this.listeners) subscribe(channel, listener);
  }

  stop(): void {
    if (!this.isStarted) return;
    this.isStarted = false;
    for (const [channel, listener] of this.listeners) unsubscribe(channel, listener);
  }

  /** An error thrown by a subscriber ends the process. */
  private guarded(record: Listener): Listener {
    return (message) => {
      try {
        record(message);
      } catch (error) {
        this.report('maintenance could not be recorded', error);
      }
    };
  }
}

function field(message: unknown, name: string): unknown {
  return typeof message === 'object' && message !== null ? (message as Record<string, unknown>)[name] : undefined;
}
