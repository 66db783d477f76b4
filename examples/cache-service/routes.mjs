import { createCache } from './cache.mjs';
import * as database from './database.mjs';
import { readFeed } from './feed.mjs';
import { createFlags } from './flags.mjs';
import { withLock } from './lock.mjs';
import { allow } from './rate-limit.mjs';

const PROFILE_TTL_SECONDS = 60;
const CART_TTL_SECONDS = 600;
const LOCK_TTL_MS = 5_000;

const profileKey = (id) => `user:${id}:profile`;
const cartKey = (id) => `user:${id}:cart`;
const ok = (body) => ({ status: 200, body });
const refused = (status, error) => ({ status, body: { error } });

/** `METHOD /path` → handler(params, query, body). */
export async function createRouter({ client, subscriber, pool }) {
  const routes = [...userRoutes(client), ...cartRoutes(client), ...jobRoutes(client, pool)];
  routes.push(...flagRoutes(await createFlags(client, subscriber)));

  return async (request) => {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost');
    for (const [method, pattern, handler] of routes) {
      const match = request.method === method ? pattern.exec(pathname) : null;
      if (match) return handler(match.groups ?? {}, searchParams, await readBody(request));
    }
    return refused(404, 'no such route');
  };
}

function userRoutes(client) {
  const cache = createCache(client);
  return [
    [
      'GET',
      /^\/users$/,
      async (_, query) => {
        const ids = query.get('ids').split(',').map(Number);
        return ok(await cache.getOrLoadMany(ids, profileKey, PROFILE_TTL_SECONDS, database.findUsers));
      },
    ],
    [
      'GET',
      /^\/users\/(?<id>\d+)$/,
      async ({ id }) => {
        return ok(await cache.getOrLoad(profileKey(id), PROFILE_TTL_SECONDS, () => database.findUser(Number(id))));
      },
    ],
    ['DELETE', /^\/users\/(?<id>\d+)\/cache$/, async ({ id }) => ok({ deleted: await client.del(profileKey(id)) })],
    ['GET', /^\/users\/(?<id>\d+)\/feed$/, async ({ id }) => ok(await readFeed(client, id))],
    [
      'POST',
      /^\/users\/(?<id>\d+)\/login$/,
      async ({ id }) => {
        const allowed = await allow(client, `login:${id}`, 3, 10);
        return allowed ? ok({ welcome: id }) : refused(429, 'too many attempts');
      },
    ],
  ];
}

function cartRoutes(client) {
  return [
    ['GET', /^\/users\/(?<id>\d+)\/cart$/, async ({ id }) => ok(await client.hGetAll(cartKey(id)))],
    [
      'POST',
      /^\/users\/(?<id>\d+)\/cart$/,
      async ({ id }, _, { item, quantity }) => {
        const [count] = await client.multi().hIncrBy(cartKey(id), item, quantity).expire(cartKey(id), CART_TTL_SECONDS).exec();
        return ok({ item, quantity: count });
      },
    ],
    [
      'POST',
      /^\/users\/(?<id>\d+)\/checkout$/,
      async ({ id }) => {
        const order = await withLock(client, `checkout:${id}`, LOCK_TTL_MS, () => database.placeOrder(Number(id)));
        return order === undefined ? refused(409, 'checkout is already running') : ok(order);
      },
    ],
  ];
}

// A blocked connection serves nobody else, so the long poll borrows one from the pool.
function jobRoutes(client, pool) {
  return [
    [
      'GET',
      /^\/jobs\/next$/,
      async () => {
        const job = await pool.blPop('jobs', 1);
        return job === null ? refused(404, 'no job') : ok(JSON.parse(job.element));
      },
    ],
    ['POST', /^\/jobs$/, async (_, __, job) => ok({ queued: await client.rPush('jobs', JSON.stringify(job)) })],
  ];
}

function flagRoutes(flags) {
  return [
    ['GET', /^\/flags\/(?<name>\w+)$/, async ({ name }) => ok({ name, value: await flags.read(name) })],
    [
      'PUT',
      /^\/flags\/(?<name>\w+)$/,
      async ({ name }, _, { value }) => {
        await flags.write(name, value);
        return ok({ name, value });
      },
    ],
  ];
}

async function readBody(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text === '' ? {} : JSON.parse(text);
}
