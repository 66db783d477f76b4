// cache-manager with @keyv/redis, which brings its own @redis/client: look-ups, loads, one load for concurrent callers.
import { createKeyv } from '@keyv/redis';
import { createCache } from 'cache-manager';

const cache = createCache({ stores: [createKeyv(process.env.REDIS_URL)] });
const seen = [];

seen.push(await cache.get('user:7'));
seen.push(await cache.set('user:7', { name: 'Ada' }, 60_000));
seen.push(await cache.get('user:7'));

let loads = 0;
const load = async () => {
  loads += 1;
  return { price: 42 };
};
seen.push(await Promise.all([1, 2, 3].map(() => cache.wrap('price:9', load, 60_000))), await cache.wrap('price:9', load, 60_000), loads);

seen.push(
  await cache.mset([
    { key: 'user:8', value: 'Grace', ttl: 60_000 },
    { key: 'user:9', value: 'Edsger' },
  ]),
);
seen.push(await cache.mget(['user:8', 'user:9', 'user:10']));
seen.push(await cache.del('user:7'), await cache.mdel(['user:8', 'user:9']), await cache.get('user:7'));
seen.push(await cache.clear(), await cache.get('price:9'));

console.log(JSON.stringify(seen, (_, value) => value ?? null));
await cache.disconnect();
