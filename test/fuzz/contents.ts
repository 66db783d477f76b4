// Knows: how everything that a server holds is written down.
// Must not know: who put it there.
import type { RedisServer } from '../support/redis-server';

/** Every key of every database that a scenario can reach, with its type, value and, roughly, its time to live. */
export async function contents(server: Pick<RedisServer, 'request'>): Promise<string[]> {
  return (await server.request('EVAL', DUMP_SCRIPT, '0')) as string[];
}

const DUMP_SCRIPT = `
local readers = {
  string = function(key) return { redis.call('GET', key) } end,
  list = function(key) return redis.call('LRANGE', key, 0, -1) end,
  set = function(key) local members = redis.call('SMEMBERS', key) table.sort(members) return members end,
  hash = function(key)
    local fields = redis.call('HKEYS', key)
    table.sort(fields)
    local pairs = {}
    for _, field in ipairs(fields) do table.insert(pairs, field) table.insert(pairs, redis.call('HGET', key, field)) end
    return pairs
  end,
  zset = function(key) return redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') end,
  stream = function(key) return { redis.call('XRANGE', key, '-', '+'), redis.call('XINFO', 'GROUPS', key) } end,
}
local lines = {}
for database = 0, 15 do
  redis.call('SELECT', database)
  local keys = redis.call('KEYS', '*')
  table.sort(keys)
  for _, key in ipairs(keys) do
    local type = redis.call('TYPE', key).ok
    local value = cjson.encode(readers[type](key))
    local ttl = math.floor(redis.call('PTTL', key) / 1000000 + 0.5)
    table.insert(lines, table.concat({ 'database', database, key, type, value, redis.sha1hex(value), 'ttl', ttl }, ' '))
  end
end
return lines`;
