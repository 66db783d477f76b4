// Knows: the additional attributes of an operation that sends or receives messages.
// Must not know: clients, patches, tracers, meters.
import { type Attributes, type Link, type SpanContext, trace } from '@opentelemetry/api';
import type { Entry, KeyMask } from '../catalog';
import type { Arguments } from '../core/events';
import type { Receipt, Transfer } from '../core/propagator';
import * as semconv from '../core/semconv';
import { lengthOf } from '../insights/cache';

/** How channels and streams are shown in attributes and in names. */
export interface DestinationMasks {
  readonly name: KeyMask;
  readonly family: KeyMask;
}

/** What a command does with messages. */
export interface Messaging {
  readonly type: 'send' | 'receive';
  /** The name in Redis. */
  readonly operation: string;
  /** A channel, or streams. */
  readonly destinations: readonly unknown[];
  readonly group: unknown;
  readonly body: unknown;
  readonly receipt: Receipt | undefined;
  /** Set for PUBLISH and SPUBLISH. */
  readonly isSharded?: boolean;
}

/** By its row, or because its streams carry messages. undefined: the command has nothing to do with messages. */
export function messagingOf(
  { rule, from, canonical }: Entry,
  args: Arguments,
  transfer: Transfer | undefined,
): Messaging | undefined {
  if (rule?.sends) {
    return {
      type: 'send',
      operation: PUBLISH,
      destinations: [args[from]],
      group: undefined,
      body: args[from + 1],
      receipt: undefined,
      isSharded: canonical === 'SPUBLISH',
    };
  }
  if (transfer === undefined || transfer.kind === 'look') return undefined;
  const operation = canonical.toLowerCase();
  const none = { group: undefined, body: undefined, receipt: undefined };
  if (transfer.kind === 'send') return { type: 'send', operation, destinations: [transfer.destination], ...none };
  return {
    ...none,
    type: 'receive',
    operation,
    destinations: transfer.streams,
    group: transfer.group,
    receipt: transfer.receipt,
  };
}

/** The operation of a producer, for a channel of any kind. */
const PUBLISH = 'publish';

/**
 * The name of the span: the operation and its destination. Several streams are only named if they are of one family.
 */
export function messagingName({ operation, destinations }: Messaging, { family }: DestinationMasks): string {
  const common = commonFamily(destinations, family);
  return common === undefined ? operation : `${operation} ${common}`;
}

/** @param reply undefined: there is none yet */
export function addMessaging(
  attributes: Attributes,
  messaging: Messaging,
  masks: DestinationMasks,
  reply?: unknown,
): void {
  const { type, operation, destinations, group, body, receipt } = messaging;
  attributes[semconv.ATTR_MESSAGING_SYSTEM_NAME] = semconv.DB_SYSTEM_NAME_VALUE_REDIS;
  attributes[semconv.ATTR_MESSAGING_OPERATION_TYPE] = type;
  attributes[semconv.ATTR_MESSAGING_OPERATION_NAME] = operation;
  const common = destinations.length > 1 ? commonFamily(destinations, masks.family) : undefined;
  if (destinations.length === 1) attributes[semconv.ATTR_MESSAGING_DESTINATION_NAME] = masks.name(destinations[0]);
  if (common !== undefined) attributes[semconv.ATTR_MESSAGING_DESTINATION_TEMPLATE] = common;
  if (group !== undefined) attributes[semconv.ATTR_MESSAGING_CONSUMER_GROUP_NAME] = masks.name(group);
  const bodySize = lengthOf(body);
  if (bodySize !== undefined) attributes[semconv.ATTR_MESSAGING_MESSAGE_BODY_SIZE] = bodySize;
  if (receipt !== undefined) attributes[semconv.ATTR_MESSAGING_BATCH_MESSAGE_COUNT] = sum(receipt.counts.values());
  // XADD returns an id, PUBLISH a number.
  const id = type === 'send' ? messageIdOf(reply) : undefined;
  if (id !== undefined) attributes[semconv.ATTR_MESSAGING_MESSAGE_ID] = id;
}

function commonFamily(destinations: readonly unknown[], family: KeyMask): string | undefined {
  const [first, ...others] = destinations.map(family);
  return others.every((other) => other === first) ? first : undefined;
}

function sum(counts: Iterable<number>): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}

/** The default limit of links of a span. */
const MAX_LINKS = 128;

/** Links to the spans of the senders, each once. */
export function linksToSenders(transfers: Iterable<Transfer | undefined>): Link[] {
  const senders = new Map<string, SpanContext>();
  for (const transfer of transfers) {
    if (transfer === undefined || transfer.kind !== 'receive') continue;
    for (const sender of transfer.receipt?.senders() ?? []) {
      const span = trace.getSpanContext(sender);
      if (span !== undefined) senders.set(span.spanId, span);
      if (senders.size === MAX_LINKS) return linksOf(senders);
    }
  }
  return linksOf(senders);
}

function linksOf(senders: ReadonlyMap<string, SpanContext>): Link[] {
  return [...senders.values()].map((context) => ({ context }));
}

const ID = /^\d{1,20}-\d{1,20}$/;

/** Returns the id of an entry; undefined: it is not an id and may be any text. */
export function messageIdOf(id: unknown): string | undefined {
  const text = typeof id === 'string' || Buffer.isBuffer(id) ? id.toString() : '';
  return ID.test(text) ? text : undefined;
}
