import assert from 'node:assert/strict';
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { openView, type View } from '../../src/view';
import { isWelcome } from '../../src/view/server/guard';
import { tracesBody } from './otlp';

describe('the server of the view', () => {
  let view: View;
  let port: number;
  before(async () => {
    view = await openView();
    port = Number(new URL(view.url).port);
  });
  after(() => view.stop());

  /** Sends the path and the headers as they are given: fetch would tidy them up. */
  function ask(path: string, { method = 'GET', headers = {}, body = '' } = {}) {
    return new Promise<{ status: number | undefined; headers: IncomingHttpHeaders; text: string }>((settle, reject) => {
      const request = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => settle({ status: response.statusCode, headers: response.headers, text }));
      });
      request.once('error', reject);
      request.end(body);
    });
  }

  it('listens on loopback alone', async () => {
    const others = Object.values(networkInterfaces())
      .flat()
      .filter((address) => address !== undefined && !address.internal && address.family === 'IPv4');
    for (const { address } of others as { address: string }[]) {
      const outcome = await new Promise((settle) => {
        const socket = connect({ host: address, port }, () => settle('connected'));
        socket.once('error', () => settle('refused'));
      });
      assert.equal(outcome, 'refused', address);
    }
    assert.match(view.url, /^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it('serves the page, with a policy that allows nothing else', async () => {
    const { status, headers, text } = await ask('/');
    assert.equal(status, 200);
    assert.match(text, /<title>Redis, live<\/title>/);
    const policy = new Map(
      headers['content-security-policy']
        ?.toString()
        .split('; ')
        .map((part) => part.split(/ (.*)/)) as [string, string][],
    );
    assert.deepEqual(
      [...policy].filter(([, from]) => !["'none'", "'self'", "'self' data:"].includes(from)),
      [],
    );
    assert.equal(policy.get('default-src'), "'none'");
    assert.equal(policy.get('frame-ancestors'), "'none'");
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin');
    assert.equal(headers['access-control-allow-origin'], undefined);
  });

  it('accepts a name without a port on port 80', () => {
    const asked = (headers: IncomingHttpHeaders) => isWelcome({ headers, socket: { localPort: 80 } } as IncomingMessage);
    assert.equal(asked({ host: 'localhost', origin: 'http://localhost', 'sec-fetch-site': 'same-origin' }), true);
    assert.equal(asked({ host: 'example.org' }), false);
    assert.equal(asked({ host: 'localhost', origin: 'http://example.org' }), false);
  });

  it('refers to no other server in the page', async () => {
    for (const path of ['/', '/style.css', '/main.mjs', '/icon.svg']) {
      const { status, text } = await ask(path);
      assert.equal(status, 200, path);
      assert.deepEqual(text.replaceAll('http://www.w3.org/2000/svg', '').match(/https?:\/\/|\/\/\w+\.\w+\//g), null, path);
    }
  });

  const strangers: readonly [string, Record<string, string>][] = [
    ['a name that was pointed at this machine', { host: 'evil.example' }],
    ['the same with our port', { host: 'evil.example:PORT' }],
    ['another port of this machine', { host: '127.0.0.1:1' }],
    ['a page of another origin', { origin: 'https://evil.example' }],
    ['a page of another port', { origin: 'http://127.0.0.1:1' }],
    ['a page without an origin', { origin: 'null' }],
    ['a picture of another page', { 'sec-fetch-site': 'cross-site' }],
    ['a page of a sibling', { 'sec-fetch-site': 'same-site' }],
  ];
  for (const [who, given] of strangers) {
    it(`refuses ${who}`, async () => {
      const headers = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, value.replace('PORT', `${port}`)]));
      const sending = { ...headers, 'content-type': 'application/json' };
      const { spans } = view.telemetry.received;
      for (const path of ['/', '/feed', '/connect']) assert.equal((await ask(path, { headers })).status, 403, path);
      const sent = await ask('/v1/traces', { method: 'POST', headers: sending, body: JSON.stringify(tracesBody([{}])) });
      assert.equal(sent.status, 403);
      assert.equal(view.telemetry.received.spans, spans);
    });
  }

  it('accepts every name of loopback', async () => {
    for (const name of ['127.0.0.1', 'localhost', 'LOCALHOST', '[::1]']) {
      const headers = { host: `${name}:${port}`, origin: `http://127.0.0.1:${port}`, 'sec-fetch-site': 'same-origin' };
      assert.equal((await ask('/', { headers })).status, 200, name);
    }
  });

  it('answers no preflight', async () => {
    const headers = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' };
    const { status, headers: answer } = await ask('/v1/traces', { method: 'OPTIONS', headers });
    assert.equal(status, 405);
    assert.deepEqual(
      Object.keys(answer).filter((name) => name.startsWith('access-control')),
      [],
    );
  });

  it('serves no file except those of the page', async () => {
    for (const path of [
      '/../package.json',
      '/%2e%2e/package.json',
      '/index.html',
      '/api/traces/none',
      '/api/traces/../main.mjs',
      '//evil.example/',
      '/nope',
    ]) {
      assert.equal((await ask(path)).status, 404, path);
    }
    assert.equal((await ask('/', { method: 'POST' })).status, 405);
  });

  it('updates a limited number of pages', async () => {
    const pages = await Promise.all(Array.from({ length: 21 }, () => fetch(`${view.url}/feed`)));
    const readers = pages.map((page) => page.body?.getReader());
    const first = await Promise.all(readers.map((reader) => reader?.read()));
    assert.equal(first.filter((chunk) => chunk?.done === false).length, 20);
    await Promise.all(readers.map((reader) => reader?.cancel()));
    // Who has gone makes room.
    for (let told = false; !told; ) {
      const reader = (await fetch(`${view.url}/feed`)).body?.getReader();
      told = (await reader?.read())?.done === false;
      await reader?.cancel();
    }
  });

  it('stops while a page is open', async () => {
    const other = await openView();
    const page = await fetch(`${other.url}/feed`);
    await other.stop();
    await assert.rejects(fetch(other.url));
    await page.body?.cancel().catch(() => {});
  });
});
