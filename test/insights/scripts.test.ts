import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { MAX_SCRIPTS, readScript, type Script, ScriptMemory } from '../../src/insights/scripts';
import { entriesIn } from '../support/entries';

const NOTHING: Script = { takes: undefined, deletes: false, releases: false, expires: false, ttl: undefined };
const release: Script = { ...NOTHING, deletes: true };
/** Whose reply says whether there was something to release. */
const told: Script = { ...release, releases: true };
const extend = (index = 1, unitMs: 1 | 1_000 = 1): Script => ({ ...NOTHING, expires: true, ttl: { index, unitMs } });
const acquire = (ttlUnitMs: 1 | 1_000 = 1): Script => ({
  ...NOTHING,
  expires: true,
  takes: { token: 0, ttl: 1, ttlUnitMs },
  ttl: { index: 1, unitMs: ttlUnitMs },
});

const DOCUMENTED = 'if redis.call("get",KEYS[1]) == ARGV[1] then return redis.call("del",KEYS[1]) else return 0 end';

/** As redlock 5 has them. */
const REDLOCK = {
  acquire: `
    -- Return 0 if an entry already exists.
    for i, key in ipairs(KEYS) do
      if redis.call("exists", key) == 1 then
        return 0
      end
    end
    -- Create an entry for each provided key.
    for i, key in ipairs(KEYS) do
      redis.call("set", key, ARGV[1], "PX", ARGV[2])
    end
    -- Return the number of entries added.
    return #KEYS`,
  extend: `
    -- Return 0 if an entry exists with a *different* lock value.
    for i, key in ipairs(KEYS) do
      if redis.call("get", key) ~= ARGV[1] then
        return 0
      end
    end
    -- Update the entry for each provided key.
    for i, key in ipairs(KEYS) do
      redis.call("set", key, ARGV[1], "PX", ARGV[2])
    end
    return #KEYS`,
  release: `
    local count = 0
    for i, key in ipairs(KEYS) do
      -- Only remove entries for *this* lock value.
      if redis.call("get", key) == ARGV[1] then
        redis.pcall("del", key)
        count = count + 1
      end
    end
    return count`,
};

describe('what a script can do with a lock', () => {
  const cases: readonly [title: string, body: string, expected: Script][] = [
    ['the release of the Redis documentation', DOCUMENTED, told],
    [
      'one that compares with what it read before',
      `local v = redis.call('get', KEYS[1]) if v ~= ARGV[1] then return 0 end return redis.call('unlink', KEYS[1])`,
      told,
    ],
    ['one that deletes another key', DOCUMENTED.replace('"del",KEYS[1]', '"del",KEYS[2]'), release],
    ['the release of redlock 5', REDLOCK.release, release],
    ['the extension of redlock 5', REDLOCK.extend, extend()],
    ['the acquisition of redlock 5', REDLOCK.acquire, acquire()],
    ['the acquisition of redlock 4', 'return redis.call("set", KEYS[1], ARGV[1], "NX", "PX", ARGV[2])', acquire()],
    [
      'the extension of redlock 4',
      'if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("pexpire", KEYS[1], ARGV[2]) else return 0 end',
      extend(),
    ],
    [
      'one that keeps the value in a variable, in single quotes',
      "local v = redis.call('GET', KEYS[1])\nif ARGV[2] == v then\n  redis.call('UNLINK', KEYS[1])\n  return 1\nend\nreturn 0",
      release,
    ],
    [
      'an extension in seconds',
      "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('expire', KEYS[1], tonumber(ARGV[2])) end return 0",
      extend(1, 1_000),
    ],
    [
      'SETNX and EXPIRE in a script',
      "if redis.call('setnx', KEYS[1], ARGV[1]) == 1 then redis.call('expire', KEYS[1], ARGV[2]) return 1 end return 0",
      acquire(1_000),
    ],
    [
      'one that gives its arguments names, and answers nothing',
      "local key = KEYS[1]\nlocal mine = ARGV[1]\nif redis.call('GET', key) == mine then redis.call('DEL', key) end",
      release,
    ],
    [
      'an extension whose arguments have names',
      "local ttl = tonumber(ARGV[3]) local v = redis.call('GET', KEYS[1]) if v == ARGV[1] then redis.call('PEXPIRE', KEYS[1], ttl) return {1, 2} end return {-1, 2}",
      extend(2),
    ],
    ['what only a comment speaks of', '-- if redis.call("get", KEYS[1]) == ARGV[1] then redis.call("del", KEYS[1])\nreturn 1', NOTHING],
    [
      'a counter with an expiry',
      "local n = redis.call('incr', KEYS[1]) if n == 1 then redis.call('expire', KEYS[1], ARGV[1]) end return n",
      { ...NOTHING, expires: true, ttl: { index: 0, unitMs: 1_000 } },
    ],
    [
      'a rate limit, as rate-limiter-flexible 11 has it',
      `redis.call('set', KEYS[1], 0, 'EX', ARGV[2], 'NX')
       local consumed = redis.call('incrby', KEYS[1], ARGV[1])
       local ttl = redis.call('pttl', KEYS[1])
       if ttl == -1 then redis.call('expire', KEYS[1], ARGV[2]) ttl = 1000 * ARGV[2] end
       return {consumed, ttl}`,
      { ...NOTHING, expires: true, ttl: { index: 1, unitMs: 1_000 } },
    ],
    [
      'a lock that counts its holders under another key',
      "if redis.call('set', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return redis.call('incr', KEYS[2]) end return 0",
      acquire(),
    ],
    ['a value that is set, come what may', 'return redis.call("set", KEYS[1], ARGV[1], "PX", ARGV[2])', { ...acquire(), takes: undefined }],
    [
      'a compare and set of anything',
      'if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("set", KEYS[1], ARGV[2]) end',
      NOTHING,
    ],
    ['a delete of anything', 'return redis.call("del", KEYS[1])', release],
    [
      'a renewal by a constant',
      "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], 30000) end",
      { ...extend(), ttl: undefined },
    ],
    [
      'the touch of node-redis-warlock, which has its arguments among the keys',
      "local key = KEYS[1] local ttl = KEYS[2] local id = KEYS[3] local value = redis.call('GET', key) if value == id then return redis.call('SET', key, id, 'PX', ttl, 'XX') end",
      { ...extend(), ttl: undefined },
    ],
    [
      'the release of BullMQ, which calls by another name',
      'local rcall = redis.call if rcall("GET", KEYS[1]) == ARGV[1] then return rcall("DEL", KEYS[1]) else return 0 end',
      told,
    ],
    [
      'one that sets what is not there under a name of its own',
      "if redis.call('exists', KEYS[1]) == 0 then redis.call('set', ARGV[3], ARGV[1], 'PX', ARGV[2]) end",
      { ...acquire(), takes: undefined },
    ],
    ['nothing', '', NOTHING],
  ];
  for (const [title, body, expected] of cases) it(title, () => assert.deepEqual(readScript(body), expected));

  it('is known by its sha once the body was seen, in any case', () => {
    const memory = new ScriptMemory();
    const sha = createHash('sha1').update(DOCUMENTED).digest('hex');
    assert.equal(memory.of(['EVALSHA', sha]), undefined);
    assert.deepEqual(memory.see(DOCUMENTED), told);
    for (const called of [sha, sha.toUpperCase(), DOCUMENTED]) assert.deepEqual(memory.of(['', called]), told);
    assert.equal(memory.of(['EVALSHA']), undefined);
  });

  it('is remembered up to a cap, however many bodies an application makes', () => {
    const memory = new ScriptMemory();
    for (let i = 0; i < 10 * MAX_SCRIPTS; i++) memory.see(`${DOCUMENTED} -- ${i}`);
    for (let i = 0; i < 10 * MAX_SCRIPTS; i++) memory.tookLock(['FCALL', `take${i}`]);
    memory.tookLock(['EVAL', ' '.repeat(5_000)]);
    assert.equal(entriesIn(memory), 3 * MAX_SCRIPTS);
    assert.equal(memory.see(DOCUMENTED + ' '.repeat(5_000)), undefined);
    assert.equal(memory.see(Buffer.from(DOCUMENTED)), undefined);
  });
});
