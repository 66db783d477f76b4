/** Get-or-load with a TTL. Concurrent misses of one key share one load. */
export function createCache(client) {
  const loading = new Map();

  async function getOrLoad(key, ttlSeconds, load) {
    const cached = await client.get(key);
    if (cached !== null) return JSON.parse(cached);
    if (!loading.has(key)) {
      const flight = fill(key, ttlSeconds, load).finally(() => loading.delete(key));
      loading.set(key, flight);
    }
    return loading.get(key);
  }

  /** Values in the order of `ids`; those not cached are loaded and written in one pipeline. */
  async function getOrLoadMany(ids, keyOf, ttlSeconds, loadMany) {
    const cached = await client.mGet(ids.map(keyOf));
    const missing = ids.filter((_, i) => cached[i] === null);
    const loaded = new Map(missing.length > 0 ? await loadMany(missing) : []);
    const writes = client.multi();
    for (const [id, value] of loaded) {
      writes.set(keyOf(id), JSON.stringify(value), { expiration: { type: 'EX', value: ttlSeconds } });
    }
    if (loaded.size > 0) await writes.execAsPipeline();
    return ids.map((id, i) => (cached[i] === null ? loaded.get(id) : JSON.parse(cached[i])));
  }

  async function fill(key, ttlSeconds, load) {
    const value = await load();
    await client.set(key, JSON.stringify(value), { expiration: { type: 'EX', value: ttlSeconds } });
    return value;
  }

  return { getOrLoad, getOrLoadMany };
}
