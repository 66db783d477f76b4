// Knows: how to listen to some of Node's diagnostics channels, from `start` to `stop`.
// Must not know: which channels, what they publish.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Report } from '../../core/recorder';

export class Subscriptions {
  private readonly listeners: readonly (readonly [channel: string, listener: (message: unknown) => void])[];
  private isOn = false;

  /** @param fault what is reported of a listener that throws: an error thrown by a subscriber ends the process */
  constructor(listeners: Readonly<Record<string, (message: never) => void>>, fault: string, report: Report) {
    const guarded = (listener: (message: never) => void) => (message: unknown) => {
      try {
        listener(message as never);
      } catch (error) {
        report(fault, error);
      }
    };
    this.listeners = Object.entries(listeners).map(([channel, listener]) => [channel, guarded(listener)]);
  }

  start(): void {
    if (this.isOn) return;
    this.isOn = true;
    for (const [channel, listener] of this.listeners) subscribe(channel, listener);
  }

  stop(): void {
    if (!this.isOn) return;
    this.isOn = false;
    for (const [channel, listener] of this.listeners) unsubscribe(channel, listener);
  }
}
