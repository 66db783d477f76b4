// An example of every option, for the compiler to check. Made from src/config/options.ts by `npm run options`.
import type { RedisInstrumentationConfig } from '../../src';

// biome-ignore format: it is made by a script
export const EXAMPLES = {
  traces: false,
  requireParentSpan: true,
  spansWhenParentUnsampled: true,
  ignoreCommands: ['PING', /^CONFIG/],
  ignore: ({ operation, args }) => operation === 'GET' && String(args[0]).startsWith('probe:'),
  minDurationMs: 5,
  connectSpans: true,
  batchCommands: true,
  consumerSpans: false,
  slowMs: 50,
  maxQueryTextLength: 256,
  optionalAttributes: ['db.redis.key'],
  semconv: 'dup',
  keys: 'family',
  keyFamily: (key) => (key.startsWith('cart:') ? 'cart:{}' : undefined),
  cacheInsight: false,
  locks: ['lock:*', /:mutex$/],
  propagateChannels: ['orders:*'],
  propagateStreams: ['jobs:*'],
  metrics: false,
  internalCommands: true,
  onConflict: 'stand-down',
  spanName: ({ operation, defaultName }) => (operation === 'GET' ? 'read' : defaultName),
  dbStatementSerializer: (commandName, commandArgs) => [commandName, commandArgs.length].join(' '),
  spanHook: (span, { failed }) => void span.setAttribute('app.cache.failed', failed),
  responseHook: (span, commandName) => void span.setAttribute('app.command', commandName),
} satisfies RedisInstrumentationConfig;
