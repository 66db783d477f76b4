// Knows: which programs compile against the package, and which must not. `npm run check:types` compiles it; nothing runs it.
// An `@ts-expect-error` above a line that compiles is an error itself.
import {
  type ClientName,
  type ConflictMode,
  instrumentClient,
  type KeyMode,
  type OptionalAttribute,
  processSpan,
  RedisInstrumentation,
  type RedisInstrumentationConfig,
  type SpanInfo,
  type SpanNameInfo,
} from '../../src';

export const none = new RedisInstrumentation();
export const empty = new RedisInstrumentation({});
export const base = new RedisInstrumentation({ enabled: false });
none.setConfig({ keys: 'family' });
none.enable();
none.disable();

export const config = {
  keys: (key) => key.slice(0, 3),
  keyFamilies: (key) => (key.startsWith('a') ? 'a' : undefined),
  ignoreCommands: ['PING', /^CONFIG/],
  spanName: ({ operation, defaultName }: SpanNameInfo) => `${operation} ${defaultName}`,
  spanHook: (span, { failed }: SpanInfo) => void span.setAttribute('failed', failed),
  responseHook: (span, name, args, response) => void span.setAttribute(name, args.length + String(response).length),
} satisfies RedisInstrumentationConfig;

export const clients: readonly ClientName[] = ['redis', 'ioredis', 'iovalkey'];
export const conflicts: readonly ConflictMode[] = ['takeover', 'stand-down', 'both'];
export const keys: readonly KeyMode[] = ['safe', 'full', 'family', 'hidden', (key) => key];
export const attributes: readonly OptionalAttribute[] = ['db.redis.key'];

// What is handed in comes back, and as what it was.
export const client: { readonly get: () => string } = instrumentClient({ get: () => 'v' });
export const sum: number = processSpan({ id: '1-1' }, ({ id }) => id.length);
export const later: Promise<string> = processSpan(['1-1'], async () => 'done', { stream: 'orders' });

// @ts-expect-error an option that is none
export const misspelt = new RedisInstrumentation({ keyFamlies: true });
// @ts-expect-error a mode that is none
export const mode: KeyMode = 'plain';
// @ts-expect-error a library that is none
export const library: ClientName = 'memcached';
// @ts-expect-error a number where a choice is asked for
export const wrong: RedisInstrumentationConfig = { onConflict: 1 };
// @ts-expect-error a mask has to give a string
export const mask: KeyMode = (key: string) => key.length;
// @ts-expect-error a hook never sees arguments where it names a span
export const named: RedisInstrumentationConfig = { spanName: ({ args }) => String(args) };
// @ts-expect-error an entry of a stream has an id
export const nothing = processSpan({}, () => 1);
export const change = (info: SpanInfo): void => {
  // @ts-expect-error what a hook is given cannot be changed
  info.failed = false;
};
