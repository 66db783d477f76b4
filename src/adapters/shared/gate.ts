// Knows: that one library can be excluded while others are recorded.
// Must not know: any library, why it is excluded.
import type { Context } from '@opentelemetry/api';
import type { Delivery, MessageTap } from '../../core/delivery';
import type { Arguments, Arrival, BatchKind, BatchStart, ClientRef, Command, Connecting } from '../../core/events';
import type { Decision, SettledBatch, Tap } from '../../core/tap';

/** The tap of one library. Wrappers of ours that others have wrapped stay in place, and are stopped here. */
export class Gate implements Tap {
  isOpen = true;

  constructor(private readonly tap: Tap) {}

  get wantsInternal(): boolean {
    return this.isOpen && this.tap.wantsInternal;
  }

  decide(): Decision {
    return this.isOpen ? this.tap.decide() : 'pass';
  }

  begin(client: ClientRef, args: Arguments, decision?: Decision, procedure?: string): Command | undefined {
    return this.isOpen ? this.tap.begin(client, args, decision, procedure) : undefined;
  }

  beginInternal(client: ClientRef, args: Arguments): Command | undefined {
    return this.isOpen ? this.tap.beginInternal(client, args) : undefined;
  }

  succeed(command: Command, reply: unknown, isLocal?: boolean): void {
    this.tap.succeed(command, reply, isLocal);
  }

  fail(command: Command, error: unknown, endMonotonicMs?: number): void {
    this.tap.fail(command, error, endMonotonicMs);
  }

  beginConnect(client: ClientRef): Connecting | undefined {
    return this.isOpen ? this.tap.beginConnect(client) : undefined;
  }

  settleConnect(connecting: Connecting, failed: boolean, error: unknown): void {
    this.tap.settleConnect(connecting, failed, error);
  }

  beginBatch(kind: BatchKind, commandsOf?: () => readonly Arguments[]): BatchStart | undefined {
    return this.isOpen ? this.tap.beginBatch(kind, commandsOf) : undefined;
  }

  injectMember(start: BatchStart, args: Arguments): Arguments | undefined {
    return this.tap.injectMember(start, args);
  }

  completeBatch(start: BatchStart, commands: readonly Arguments[]): BatchStart {
    return this.tap.completeBatch(start, commands);
  }

  extractMember(start: BatchStart, index: number, reply: unknown, client: ClientRef): void {
    this.tap.extractMember(start, index, reply, client);
  }

  settleBatch(start: BatchStart, settled: SettledBatch): void {
    this.tap.settleBatch(start, settled);
  }
}

/** The same for the messages that the library delivers. */
export class MessageGate implements MessageTap {
  constructor(
    private readonly messages: MessageTap,
    private readonly gate: Gate,
  ) {}

  deliver(arrival: Arrival): Delivery | undefined {
    return this.gate.isOpen ? this.messages.deliver(arrival) : undefined;
  }

  process<T>(id: string | undefined, stream: string | undefined, run: () => T): T {
    return this.messages.process(id, stream, run);
  }

  detach(): Context | undefined {
    return this.gate.isOpen ? this.messages.detach() : undefined;
  }
}
