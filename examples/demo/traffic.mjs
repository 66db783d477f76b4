// Knows: what a visitor does to the service, step by step.
// Must not know: telemetry. A step's times are kept so that a view can tell which spans belong to it.
import { setTimeout as sleep } from 'node:timers/promises';

// Steps stand apart by this much on both sides, so that no late message falls into the next one.
const PAUSE_MS = 25;

const STEPS = [
  {
    title: 'A cold read loads and fills, a warm one hits',
    run: async (call) => {
      await call('GET', '/users/7');
      await call('GET', '/users/7');
      await call('GET', '/users/8');
    },
  },
  {
    title: 'Four profiles at once: two are cached, two are loaded and written in a pipeline',
    run: async (call) => {
      await call('GET', '/users?ids=7,8,15,16');
      await call('GET', '/users?ids=7,8,15,16');
    },
  },
  {
    title: 'Eight requests for one cold key at once: one of them loads it for all',
    run: (call) => Promise.all(Array.from({ length: 8 }, () => call('GET', '/users/42'))),
  },
  {
    title: 'Four requests for a cold list at once: each of them loads it, which is a stampede',
    run: (call) => Promise.all(Array.from({ length: 4 }, () => call('GET', '/users?ids=23,24'))),
  },
  {
    title: 'Ordinary traffic: two dozen reads of six profiles, five of them cached',
    run: async (call) => {
      const ids = [7, 8, 15, 16, 42, 50];
      for (let i = 0; i < 24; i++) await call('GET', `/users/${ids[i % ids.length]}`);
    },
  },
  {
    title: 'A shopping cart: an empty hash, then two transactions, then a full one',
    run: async (call) => {
      await call('GET', '/users/7/cart');
      await call('POST', '/users/7/cart', { item: 'tea', quantity: 2 });
      await call('POST', '/users/7/cart', { item: 'cup', quantity: 1 });
      await call('GET', '/users/7/cart');
    },
  },
  {
    title: 'A lock: three checkouts at once, one of them wins',
    run: (call) => Promise.all(Array.from({ length: 3 }, () => call('POST', '/users/7/checkout'))),
  },
  {
    title: 'A rate limiter: three attempts pass, the fourth is refused',
    run: async (call) => {
      for (let attempt = 1; attempt <= 4; attempt++) await call('POST', '/users/7/login');
    },
  },
  {
    title: 'Publish and subscribe: a flag changes and every copy of it is dropped',
    run: async (call) => {
      await call('GET', '/flags/checkout_v2');
      await call('PUT', '/flags/checkout_v2', { value: 'on' });
      await sleep(PAUSE_MS);
      await call('GET', '/flags/checkout_v2');
    },
  },
  {
    title: 'A long poll on a connection of the pool, answered after a quarter of a second',
    run: async (call) => {
      const next = call('GET', '/jobs/next');
      await sleep(250);
      await call('POST', '/jobs', { type: 'send-receipt' });
      await next;
    },
  },
  {
    title: 'A key of the wrong type: Redis refuses, the service repairs it',
    run: async (call) => {
      await call('GET', '/users/9/feed');
      await call('GET', '/users/9/feed');
    },
  },
  {
    title: 'An invalidated profile is loaded again',
    run: async (call) => {
      await call('DELETE', '/users/7/cache');
      await call('GET', '/users/7');
    },
  },
];

/** Runs every step against the service → `[{ title, startMs, about }]`. */
export async function drive(serviceUrl) {
  const done = [];
  for (const { title, run } of STEPS) {
    const startMs = Date.now();
    const calls = [];
    await sleep(PAUSE_MS);
    await run(async (method, path, body) => calls.push(await send(serviceUrl, method, path, body)));
    await sleep(PAUSE_MS);
    done.push({ title, startMs, about: describe(calls) });
  }
  return done;
}

function describe(calls) {
  const counts = new Map();
  for (const { method, path, status } of calls) {
    const text = `${method} ${path} → ${status}`;
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return [...counts].map(([text, count]) => (count === 1 ? text : `${count} × ${text}`)).join(', ');
}

// What a visitor may do next, and how often of a hundred times.
const VISITS = [
  { share: 58, run: (call) => call('GET', `/users/${favourite()}`) },
  { share: 14, run: (call) => call('GET', `/users?ids=${[favourite(), favourite(), favourite()].join(',')}`) },
  { share: 8, run: (call) => call('GET', `/users/${favourite()}/cart`) },
  { share: 6, run: (call) => call('POST', `/users/${favourite()}/cart`, { item: 'tea', quantity: 1 }) },
  { share: 5, run: (call) => call('POST', `/users/${favourite()}/login`) },
  { share: 3, run: (call) => call('PUT', '/flags/checkout_v2', { value: Math.random() < 0.5 ? 'on' : 'off' }) },
  { share: 2, run: (call) => call('GET', '/jobs/next') },
  { share: 1, run: (call) => call('POST', '/jobs', { type: 'send-receipt' }) },
  { share: 1, run: (call) => together(3, () => call('POST', '/users/7/checkout')) },
  { share: 2, run: expireAndRush },
];
const MEAN_PAUSE_MS = 140;

/** Gentle traffic, to one service or another, until the signal. Visitors do not wait for each other. */
export async function stroll(serviceUrls, signal) {
  const present = new Set();
  let failure;
  while (!signal.aborted && failure === undefined) {
    const serviceUrl = serviceUrls[Math.floor(Math.random() * serviceUrls.length)];
    const visit = choose()((method, path, body) => send(serviceUrl, method, path, body))
      .catch((error) => {
        failure = error;
      })
      .finally(() => present.delete(visit));
    present.add(visit);
    await sleep(MEAN_PAUSE_MS * 2 * Math.random(), undefined, { signal }).catch(() => {});
  }
  await Promise.all(present);
  if (failure !== undefined) throw failure;
}

function choose() {
  let left = Math.random() * 100;
  for (const { share, run } of VISITS) {
    left -= share;
    if (left < 0) return run;
  }
  return VISITS[0].run;
}

/** A few users are looked at often, many now and then. */
function favourite() {
  return 1 + Math.floor(200 * Math.random() ** 4);
}

/** The cached profile of a favourite is dropped, and many ask for it at once. */
async function expireAndRush(call) {
  const id = favourite();
  await call('DELETE', `/users/${id}/cache`);
  await together(6, () => call('GET', `/users/${id}`));
}

function together(times, act) {
  return Promise.all(Array.from({ length: times }, act));
}

async function send(serviceUrl, method, path, body) {
  const response = await fetch(serviceUrl + path, { method, body: body && JSON.stringify(body) });
  await response.arrayBuffer();
  // 404, 409 and 429 are part of the script; a service that breaks is not.
  if (response.status >= 500) throw new Error(`The service answered ${method} ${path} with ${response.status}.`);
  return { method, path, status: response.status };
}
