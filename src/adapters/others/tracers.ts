// Knows: who records redis by diagnostics channels: those of a library, and those that tracers inject into its code.
// Must not know: our own seams, what happens in a conflict.
import { channel, hasSubscribers } from 'node:diagnostics_channel';
import type { Other } from './other';

/** The channel on which node-redis publishes the start of a command, from 5.12 on. */
const COMMAND_START = 'tracing:node-redis:command:start';
/** The channel of ioredis, from 5.11 on. */
const IOREDIS_COMMAND_START = 'tracing:ioredis:command:start';

const SENTRY: Other = {
  client: 'redis',
  name: "Sentry's Redis integration",
  remedy: "leave it out of Sentry.init: integrations: (all) => all.filter(({ name }) => name !== 'Redis')",
};

/** It records both libraries. */
const SENTRY_IOREDIS: Other = { ...SENTRY, client: 'ioredis' };

const UNNAMED: Other = {
  client: 'redis',
  name: "a tracer on node-redis's diagnostics channels",
  remedy: "switch it off where it is set up (node-redis's own: leave tracing out of OpenTelemetry.init)",
};

const UNNAMED_IOREDIS: Other = {
  client: 'ioredis',
  name: "a tracer on ioredis's diagnostics channels",
  remedy: 'switch it off where it is set up',
};

/** Channels that only the code of a tracer publishes to, and that only its spans are made from. */
const PRIVATE_CHANNELS: readonly (Other & { readonly channels: readonly string[] })[] = [
  ...(['ioredis', 'iovalkey'] as const).map((client) => ({
    client,
    name: `dd-trace's ${client} plugin`,
    remedy: `switch it off there: tracer.use('${client}', false)`,
    channels: [`apm:${client}:command:start`],
  })),
  {
    client: 'redis',
    name: "dd-trace's redis plugin",
    remedy: "switch it off there: tracer.use('redis', false)",
    channels: ['apm:redis:command:start'],
  },
  {
    client: 'redis',
    name: "New Relic's instrumentation of redis",
    remedy:
      "switch it off in newrelic.js: instrumentation: { redis: { enabled: false }, '@redis/client': { enabled: " +
      'false } }',
    channels: [
      'tracing:orchestrion:redis:nr_internalSendCommand:start',
      'tracing:orchestrion:@redis/client:nr_addCommand:start',
    ],
  },
  {
    client: 'ioredis',
    name: "New Relic's instrumentation of ioredis",
    remedy: 'switch it off in newrelic.js: instrumentation: { ioredis: { enabled: false } }',
    channels: ['tracing:orchestrion:ioredis:nr_sendCommand:start'],
  },
  { ...SENTRY_IOREDIS, channels: ['tracing:orchestrion:ioredis:command:start'] },
  {
    ...SENTRY,
    channels: [
      'tracing:orchestrion:redis:command:start',
      'tracing:orchestrion:@redis/client:command:start',
      'tracing:orchestrion:@redis/client:executor:start',
    ],
  },
];

/** Tracers that record every command in addition to us. */
export function findTracers(): Other[] {
  const found = PRIVATE_CHANNELS.filter(({ channels }) => channels.some(hasSubscribers)).map(
    ({ client, name, remedy }) => ({
      client,
      name,
      remedy,
    }),
  );
  if (isTraced(IOREDIS_COMMAND_START)) add(found, isSentryRecording() ? SENTRY_IOREDIS : UNNAMED_IOREDIS);
  if (isTraced(COMMAND_START)) add(found, isSentryRecording() ? SENTRY : UNNAMED);
  return found;
}

/** One tracer may listen to several channels of a library. */
function add(found: Other[], other: Other): void {
  if (!found.some(({ client, name }) => client === other.client && name === other.name)) found.push(other);
}

/**
 * Whether a subscriber makes a span of each message. A plain subscriber may count or log, as node-redis's own metrics
 * do. A bound store gives each command a context of its own, whose only use is a span. Node.js has no API for this:
 * if its internals change, nothing is reported.
 */
function isTraced(name: string): boolean {
  if (!hasSubscribers(name)) return false;
  const { _stores: stores } = channel(name) as { readonly _stores?: { readonly size?: unknown } };
  return typeof stores?.size === 'number' && stores.size > 0;
}

interface SentryClient {
  getIntegrationByName?(name: string): unknown;
}

interface SentryCarrier {
  readonly defaultCurrentScope?: { getClient?(): SentryClient | undefined };
}

/** The object that all copies of Sentry's SDK share in a process. */
function isSentryRecording(): boolean {
  const { __SENTRY__: shared } = globalThis as { __SENTRY__?: Readonly<Record<string, SentryCarrier | undefined>> };
  return Object.values(shared ?? {}).some((carrier) => {
    const client = carrier?.defaultCurrentScope?.getClient?.();
    return client?.getIntegrationByName?.('Redis') !== undefined;
  });
}
