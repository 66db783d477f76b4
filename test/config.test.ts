import assert from 'node:assert/strict';
import { type RedisInstrumentationConfig, readSettings, type Settings } from '../src/config';

const PREFIX = 'OTEL_INSTRUMENTATION_REDIS_';

function read(config: object, environment: Record<string, string> = {}): { settings: Settings; reports: string[] } {
  const reports: string[] = [];
  const settings = readSettings(config as RedisInstrumentationConfig, environment, (message) => reports.push(message));
  return { settings, reports };
}

describe('config', () => {
  it('has defaults, frozen', () => {
    const { settings, reports } = read({});
    assert.deepEqual(settings, {
      operation: {
        requireParentSpan: false,
        connectSpans: false,
        spansWhenParentUnsampled: false,
        internalCommands: false,
        isIgnored: undefined,
        timedFromMs: 100,
      },
      messages: { consumerSpans: true, requireParentSpan: false },
      insights: {
        families: true,
        familyOf: undefined,
        familyOtherwise: undefined,
        cache: true,
        locks: true,
        isLockKey: undefined,
        members: false,
      },
      propagation: { channels: [], streams: [] },
      spans: {
        minDurationMs: 0,
        isNotableOnly: false,
        emptyPolls: false,
        isIgnoredKey: undefined,
        isCollecting: false,
        compressMaxDurationMs: 50,
        batchCommands: false,
        keys: 'safe',
        maxQueryTextLength: 1024,
        withKey: false,
        withSummary: false,
        rowsFrom: 1_000,
        withArgsCount: false,
        slowMs: 100,
        withQueueMs: false,
        withWireMs: false,
        withEventLoopDelayMs: false,
        oldNames: false,
        spanName: undefined,
        serializer: undefined,
        spanHook: undefined,
        requestHook: undefined,
        responseHook: undefined,
      },
      traces: true,
      series: { byNode: true, bySummary: false },
      redisClientMetrics: true,
      failureEvents: false,
      requestTotals: false,
      metrics: true,
      clients: ['redis', 'ioredis', 'iovalkey'],
      onConflict: 'takeover',
    });
    assert.ok(
      Object.isFrozen(settings) &&
        Object.isFrozen(settings.spans) &&
        Object.isFrozen(settings.operation) &&
        Object.isFrozen(settings.insights),
    );
    assert.deepEqual(reports, []);
  });

  it('reads every option but the functions from the environment', () => {
    const { settings, reports } = read(
      {},
      {
        [`${PREFIX}REQUIRE_PARENT_SPAN`]: 'true',
        [`${PREFIX}SPANS_WHEN_PARENT_UNSAMPLED`]: '1',
        [`${PREFIX}IGNORE_COMMANDS`]: 'ping, config get',
        [`${PREFIX}MIN_DURATION_MS`]: '2.5',
        [`${PREFIX}CONNECT_SPANS`]: '1',
        [`${PREFIX}SLOW_MS`]: '0.5',
        [`${PREFIX}CLIENTS`]: 'ioredis, iovalkey',
        [`${PREFIX}BATCH_COMMANDS`]: 'TRUE',
        [`${PREFIX}KEYS`]: 'family',
        [`${PREFIX}KEY_FAMILIES`]: 'false',
        [`${PREFIX}CACHE_INSIGHT`]: 'false',
        [`${PREFIX}LOCKS`]: 'false',
        [`${PREFIX}MAX_QUERY_TEXT_LENGTH`]: '64',
        [`${PREFIX}OPTIONAL_ATTRIBUTES`]: 'db.redis.key,db.redis.args_count',
        [`${PREFIX}SEMCONV`]: 'dup',
        [`${PREFIX}CONSUMER_SPANS`]: 'false',
        [`${PREFIX}PROPAGATE_CHANNELS`]: 'orders:*, news',
        [`${PREFIX}PROPAGATE_STREAMS`]: 'jobs:*',
        [`${PREFIX}TRACES`]: 'false',
        [`${PREFIX}SPANS`]: 'Notable',
        [`${PREFIX}IGNORE_KEYS`]: 'bull:*, sess:*',
        [`${PREFIX}EMPTY_POLLS`]: 'true',
        [`${PREFIX}COMPRESS_SPANS`]: 'true',
        [`${PREFIX}COMPRESS_MAX_DURATION_MS`]: '5',
        [`${PREFIX}REQUEST_TOTALS`]: 'true',
        [`${PREFIX}METRICS`]: 'false',
        [`${PREFIX}INTERNAL_COMMANDS`]: 'true',
        [`${PREFIX}ON_CONFLICT`]: 'Stand-Down',
      },
    );
    const { isIgnored, ...operation } = settings.operation;
    assert.deepEqual(operation, {
      requireParentSpan: true,
      connectSpans: true,
      spansWhenParentUnsampled: true,
      internalCommands: true,
      timedFromMs: 0.5,
    });
    assert.deepEqual(
      [['PING'], ['config', 'get', 'x'], ['GET', 'ping']].map((args) => isIgnored?.(args, undefined)),
      [true, true, false],
    );
    const { minDurationMs, slowMs, batchCommands, keys, maxQueryTextLength, withKey, withArgsCount, oldNames } = settings.spans;
    assert.deepEqual(
      [minDurationMs, slowMs, batchCommands, keys, maxQueryTextLength, withKey, withArgsCount, oldNames],
      [2.5, 0.5, true, 'family', 64, true, true, true],
    );
    assert.deepEqual(settings.propagation, { channels: ['orders:*', 'news'], streams: ['jobs:*'] });
    assert.deepEqual(settings.messages, { consumerSpans: false, requireParentSpan: true });
    assert.deepEqual(settings.insights, {
      families: false,
      familyOf: undefined,
      familyOtherwise: undefined,
      cache: false,
      locks: false,
      isLockKey: undefined,
      members: true,
    });
    assert.equal(settings.traces, false);
    assert.equal(settings.requestTotals, true);
    const { isNotableOnly, isIgnoredKey, emptyPolls, isCollecting, compressMaxDurationMs } = settings.spans;
    assert.deepEqual([isNotableOnly, emptyPolls, isCollecting, compressMaxDurationMs], [true, true, true, 5]);
    const commands = [['GET', 'bull:q'], ['MGET', 'bull:q', 'other'], ['EVALSHA', 'sha', '2', 'bull:a', 'sess:b', 'other'], ['PING']];
    assert.deepEqual(
      commands.map((args) => isIgnoredKey?.(args)),
      [true, false, true, false],
    );
    assert.equal(settings.metrics, false);
    assert.equal(settings.onConflict, 'stand-down');
    assert.deepEqual(settings.clients, ['ioredis', 'iovalkey']);
    assert.deepEqual(reports, []);
  });

  it('times nothing with slowMs = false, and everything with 0 or with an attribute of timing', () => {
    const timedFrom = (config: object, environment = {}) => read(config, environment).settings.operation.timedFromMs;
    assert.equal(timedFrom({ slowMs: false }), Number.POSITIVE_INFINITY);
    assert.equal(timedFrom({}, { [`${PREFIX}SLOW_MS`]: 'False' }), Number.POSITIVE_INFINITY);
    assert.equal(timedFrom({ slowMs: 0 }), 0);
    assert.equal(timedFrom({}, { [`${PREFIX}SLOW_MS`]: '0' }), 0);
    assert.equal(timedFrom({ slowMs: false, optionalAttributes: ['db.redis.wire_ms'] }), 0);
    assert.equal(timedFrom({ optionalAttributes: ['db.redis.key'] }), 100);
  });

  it('lets code win over the environment', () => {
    const { settings } = read({ keys: 'hidden', metrics: true }, { [`${PREFIX}KEYS`]: 'full', [`${PREFIX}METRICS`]: 'false' });
    assert.equal(settings.spans.keys, 'hidden');
    assert.equal(settings.metrics, true);
  });

  it('names no family of a hidden key, except those of the application', () => {
    const keyFamilies = () => 'mine';
    assert.equal(read({ keys: 'hidden' }).settings.insights.families, false);
    const { families, familyOf, familyOtherwise } = read({ keys: 'hidden', keyFamilies }).settings.insights;
    assert.deepEqual([families, familyOf, familyOtherwise?.('secret')], [true, keyFamilies, '_other']);
  });

  it('makes families of the text that the keys function shows', () => {
    const familyOf = (keys: unknown) => read({ keys }).settings.insights.familyOtherwise;
    const thrower = () => {
      throw new Error('no');
    };
    assert.equal(familyOf('safe'), undefined);
    assert.equal(familyOf((key: string) => key.replace('bob', '?'))?.('user:bob:7'), 'user:?:7');
    assert.equal(familyOf(thrower)?.('user:bob:7'), '?');
  });

  it('accepts glob patterns of Redis for the keys that can be locks', () => {
    const accepted = (locks: unknown, environment: Record<string, string> = {}) => {
      const { isLockKey } = read({ locks }, environment).settings.insights;
      return ['lock:a', 'a:lock', 'lock.a', 'a'].filter((key) => isLockKey?.(key));
    };
    assert.deepEqual(accepted('lock:*'), ['lock:a']);
    assert.deepEqual(accepted(['lock?a', /^a$/g]), ['lock:a', 'lock.a', 'a']);
    assert.deepEqual(accepted(undefined, { [`${PREFIX}LOCKS`]: 'lock.*, *:lock' }), ['a:lock', 'lock.a']);
    assert.equal(read({ locks: true }).settings.insights.isLockKey, undefined);
  });

  it('opts into the old names the standard way', () => {
    assert.equal(read({}, { OTEL_SEMCONV_STABILITY_OPT_IN: 'http,database/dup' }).settings.spans.oldNames, true);
    assert.equal(read({}, { OTEL_SEMCONV_STABILITY_OPT_IN: 'database' }).settings.spans.oldNames, false);
  });

  it('opts into log events the standard way', () => {
    const optedIn = (value: string, config = {}) => read(config, { OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN: value }).settings.failureEvents;
    assert.deepEqual(
      ['logs', 'logs/dup', 'traces, logs/dup', '', 'spans'].map((value) => optedIn(value)),
      [true, true, true, false, false],
    );
    assert.equal(optedIn('logs', { failureEvents: false }), false);
  });

  const bad: readonly [option: string, value: unknown, message: string][] = [
    ['requireParentSpan', 'yes', 'option requireParentSpan: expected true or false, got a string; using the default'],
    ['ignoreCommands', 'PING', 'option ignoreCommands: expected a list of command names or patterns, got a string; using the default'],
    ['ignoreCommands', [1], 'option ignoreCommands: expected a list of command names or patterns, got an array; using the default'],
    ['minDurationMs', -1, 'option minDurationMs: expected a number of milliseconds, 0 or more, got a number; using the default'],
    ['minDurationMs', Number.NaN, 'option minDurationMs: expected a number of milliseconds, 0 or more, got a number; using the default'],
    ['slowMs', true, 'option slowMs: expected a number of milliseconds, 0 or more, or false, got a boolean; using the default'],
    ['maxQueryTextLength', 15, 'option maxQueryTextLength: expected 0 or a whole number of at least 16, got a number; using the default'],
    [
      'optionalAttributes',
      ['nope'],
      'option optionalAttributes: expected a list of db.redis.key, db.redis.args_count, db.query.summary, db.response.returned_rows, db.redis.queue_ms, db.redis.wire_ms, db.redis.event_loop_delay_ms, got an array; using the default',
    ],
    [
      'keyFamilies',
      ['user', ''],
      'option keyFamilies: expected true, false, a list of templates such as user:{}:cart, or a function, got an array; using the default',
    ],
    ['locks', 1, 'option locks: expected true, false, a pattern or a list of patterns, got a number; using the default'],
    ['cacheInsight', 1, 'option cacheInsight: expected true or false, got a number; using the default'],
    ['propagateChannels', 'orders:*', 'option propagateChannels: expected a list of patterns, got a string; using the default'],
    ['propagateChannels', [''], 'option propagateChannels: expected a list of patterns, got an array; using the default'],
    ['semconv', {}, 'option semconv: expected stable or dup, got an object; using the default'],
    ['onConflict', 'fight', 'option onConflict: expected takeover, stand-down or both, got a string; using the default'],
    ['clients', ['valkey'], 'option clients: expected a list of redis, ioredis, iovalkey, got an array; using the default'],
    ['spanName', 'x', 'option spanName: expected a function, got a string; using the default'],
    ['responseHook', 1, 'option responseHook: expected a function, got a number; using the default'],
    ['dbStatementSerializer', [], 'option dbStatementSerializer: expected a function, got an array; using the default'],
  ];
  for (const [option, value, message] of bad) {
    it(`refuses ${option} = ${JSON.stringify(value)} in code, and never shows the value`, () => {
      const { settings, reports } = read({ [option]: value });
      assert.deepEqual(reports, [message]);
      assert.deepEqual(settings, read({}).settings);
    });
  }

  const badTexts: readonly [variable: string, text: string, message: string][] = [
    ['METRICS', 'hunter2', 'expected true or false'],
    ['MIN_DURATION_MS', 'hunter2', 'expected a number of milliseconds, 0 or more'],
    ['SLOW_MS', 'hunter2', 'expected a number of milliseconds, 0 or more, or false'],
    ['MAX_QUERY_TEXT_LENGTH', '15', 'expected 0 or a whole number of at least 16'],
    [
      'OPTIONAL_ATTRIBUTES',
      'hunter2',
      'expected a list of db.redis.key, db.redis.args_count, db.query.summary, db.response.returned_rows, db.redis.queue_ms, db.redis.wire_ms, db.redis.event_loop_delay_ms',
    ],
    ['KEY_FAMILIES', 'hunter2', 'expected true, false, a list of templates such as user:{}:cart, or a function'],
    ['CACHE_INSIGHT', 'hunter2', 'expected true or false'],
    ['ON_CONFLICT', 'hunter2', 'expected takeover, stand-down or both'],
    ['SPAN_NAME', 'hunter2', 'can be given in code only'],
  ];
  for (const [variable, text, message] of badTexts) {
    it(`refuses ${variable}=${text} in the environment, naming the variable and not the value`, () => {
      const { settings, reports } = read({}, { [PREFIX + variable]: text });
      assert.deepEqual(reports, [`${PREFIX}${variable}: ${message}; using the default`]);
      assert.deepEqual(settings, read({}).settings);
    });
  }

  it('reports names that it does not know, never their values', () => {
    const { settings, reports } = read(
      { enabled: true, compresSpans: 'hunter2', slowMs: undefined },
      { [`${PREFIX}COMPRES_SPANS`]: 'hunter2', [`${PREFIX}ENABLED`]: 'true', OTEL_INSTRUMENTATION_REDISEARCH_X: 'y' },
    );
    assert.deepEqual(reports, ['option compresSpans is unknown, and is ignored', `${PREFIX}COMPRES_SPANS is unknown, and is ignored`]);
    assert.deepEqual(settings, read({}).settings);
  });

  it('hides keys if the option is invalid, and reports it', () => {
    const hidden = read({ keys: 'hidden' }).settings;
    const expected = 'expected safe, full, family, hidden or a function';
    for (const [keys, got] of [
      ['hiden', 'a string'],
      [null, 'null'],
      [7, 'a number'],
    ]) {
      const { settings, reports } = read({ keys });
      assert.deepEqual(settings, hidden);
      assert.deepEqual(reports, [`option keys: ${expected}, got ${got}; keys are hidden`]);
    }
    const { settings, reports } = read({}, { [`${PREFIX}KEYS`]: 'hunter2' });
    assert.deepEqual(settings, hidden);
    assert.deepEqual(reports, [`${PREFIX}KEYS: ${expected}; keys are hidden`]);
  });

  it('reads the option keys in any case', () => {
    for (const keys of ['Hidden', 'HIDDEN', ' hidden ']) {
      assert.equal(read({ keys }).settings.spans.keys, 'hidden');
      assert.equal(read({}, { [`${PREFIX}KEYS`]: keys }).settings.spans.keys, 'hidden');
    }
    assert.deepEqual(read({ keys: 'Family' }).reports, []);
  });

  it('accepts templates for families, in code and by environment', () => {
    const templates = ['user:{}:cart', 'session:{}', 'config'];
    for (const { settings, reports } of [
      read({ keyFamilies: templates, keys: 'hidden' }),
      read({ keys: 'hidden' }, { [`${PREFIX}KEY_FAMILIES`]: templates.join(', ') }),
    ]) {
      const { families, familyOf } = settings.insights;
      assert.deepEqual(reports, []);
      assert.equal(families, true);
      assert.deepEqual(
        ['user:a@b.c:cart', 'session:x', 'config', 'session:x:y', 'user::cart'].map((key) => familyOf?.(key)),
        ['user:{}:cart', 'session:{}', 'config', undefined, undefined],
      );
    }
    assert.equal(read({}, { [`${PREFIX}KEY_FAMILIES`]: 'FALSE' }).settings.insights.families, false);
  });

  it('calls the ignore hook after the names, with arguments and server, and survives its errors', () => {
    const asked: unknown[] = [];
    const ignore = (info: { readonly args: readonly unknown[] }): unknown => {
      asked.push(info);
      if (info.args[0] === 'throw') throw new Error('no');
      return info.args[0] === 'skip' ? true : 'truthy';
    };
    const { settings, reports } = read({ ignore, ignoreCommands: ['PING'] });
    const client = { serverAddress: 'cache', serverPort: 6379, peerAddress: undefined, peerPort: undefined, namespace: '2' };
    const { isIgnored } = settings.operation;
    assert.deepEqual(
      [['PING'], ['GET', 'skip'], ['GET', 'keep'], ['GET', 'throw']].map((args) => isIgnored?.(args, client)),
      [true, true, false, false],
    );
    assert.equal(isIgnored?.(['MULTI'], undefined), false);
    assert.deepEqual(asked.length, 4);
    assert.deepEqual(asked[0], { operation: 'GET', args: ['skip'], serverAddress: 'cache', serverPort: 6379, database: '2' });
    assert.deepEqual(reports, ['the ignore hook threw; going on without it']);
  });

  it('compresses nothing with responseHook, which gets every reply', () => {
    const { settings, reports } = read({ compressSpans: true, responseHook: () => {} });
    assert.equal(settings.spans.isCollecting, false);
    assert.deepEqual(reports, ['compressSpans has no effect with requestHook or responseHook']);
  });

  it('treats an empty variable as not set', () => {
    assert.deepEqual(read({}, { [`${PREFIX}KEYS`]: '  ' }).reports, []);
  });
});
