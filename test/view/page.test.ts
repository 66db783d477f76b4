import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { ensureBinary } from '../../scripts/binaries.mjs';
import { type RedisServer, startStandalone } from '../../scripts/redis-server.mjs';
import { until } from '../support/waiting';
import { type Attributes, command, EPOCH_MS, type SampleSpan, tracesBody } from './otlp';

const MAIN = resolve(__dirname, '../../build/cli/main.js');
const APP = resolve(__dirname, 'app.mjs');
const CONTRAST = readFileSync(resolve(__dirname, 'contrast.js'), 'utf8');
const WAIT_MS = 30_000;
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The page as somebody sees it who runs `view -- node app.mjs`, in a real browser. */
describe('the live page', () => {
  let redis: RedisServer;
  let view: ChildProcess;
  let url: string;
  let browser: BrowserContext;
  let page: Page;
  const profile = mkdtempSync(join(tmpdir(), 'browser-'));
  const complaints: string[] = [];

  before(async () => {
    redis = await startStandalone();
    view = spawn(process.execPath, [MAIN, 'view', '--', process.execPath, APP], {
      env: {
        PATH: process.env.PATH,
        REDIS_URL: redis.url,
        OTEL_SERVICE_NAME: 'shop',
        OTEL_INSTRUMENTATION_REDIS_PROPAGATE_CHANNELS: 'news',
        STAYS: '1',
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    url = await addressOf(view);
    browser = await chromium.launchPersistentContext(profile, {
      executablePath: ensureBinary('chromium'),
      headless: true,
      args: FLAGS,
      viewport: { width: 1_280, height: 900 },
    });
    browser.setDefaultTimeout(WAIT_MS);
    page = await open();
  });
  after(async () => {
    await browser?.close();
    const ended = once(view, 'exit');
    view.kill('SIGTERM');
    await ended;
    await redis.stop();
    rmSync(profile, { recursive: true, force: true });
  });
  afterEach(() => assert.deepEqual(complaints.splice(0), []));

  async function open(): Promise<Page> {
    const opened = await browser.newPage();
    opened.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    opened.on('pageerror', (error) => complaints.push(error.message));
    await opened.goto(url);
    return opened;
  }

  const row = (table: string, name: string) => page.locator(`#${table} tr`, { has: page.getByText(name, { exact: true }) });
  const cells = (table: string, name: string) => row(table, name).locator('td').allInnerTexts();

  it('shows the hit ratio of the traffic: seven hits of ten look-ups', async () => {
    await row('families', 'user:{}').waitFor();
    // Spans come first. What metrics say, once a second, counts from then on.
    await until(async () => {
      const [, ratio, lookups, load = '', stampedes] = await cells('families', 'user:{}');
      return ratio === '70.0 %' && lookups === '10' && stampedes === '–' && /^\d+(\.\d+)? ms$/.test(load);
    }, '70.0 % of 10 look-ups, and how long a load takes');
    const tile = page.locator('.tile', { hasText: 'Hit ratio' });
    assert.match(await tile.innerText(), /70\.0 %\s+7 of 10 look-ups/);
  });

  it('shows every command with its latency and its errors', async () => {
    for (const command of ['GET', 'LRANGE', 'MULTI']) await row('commands', command).getByText(/ ms$/).first().waitFor();
    const [calls, , ...rest] = await cells('commands', 'GET');
    assert.equal(calls, '7');
    assert.equal(rest.pop(), '–');
    for (const duration of rest) assert.match(duration, /^\d+(\.\d+)? ms$/);
    assert.equal((await cells('commands', 'LRANGE')).at(-1), '1');
    assert.equal((await cells('commands', 'MULTI')).at(0), '1');
  });

  it('shows what needs attention, and links to its trace', async () => {
    await page.getByRole('button', { name: 'LRANGE failed: WRONGTYPE' }).click();
    await page.locator('#trace h3', { hasText: 'everything else' }).waitFor();
    const names = await page.locator('.waterfall .name').allInnerTexts();
    assert.deepEqual(
      names,
      ['everything else', 'INCR visits; EXPIRE visits ?', 'LRANGE user:1 0 -1', 'SET lock:checkout:7 ? PX ? NX', 'PING'].map(
        (name) => name,
      ),
    );
    const marks = await page.locator('.waterfall .mark').allInnerTexts();
    assert.deepEqual(marks, ['✗ WRONGTYPE', 'lock acquired']);
    await page.locator('#trace-list, #trace-pinned').locator('[aria-current=true]', { hasText: 'everything else' }).waitFor();
  });

  it('shows locks, pools, connections and messages', async () => {
    await page.locator('#locks li', { hasText: 'lock:checkout:{}' }).getByText('1 acquired, 0 refused').waitFor();
    await page.locator('#channels li', { hasText: 'news' }).getByText('1 sent, 1 received').waitFor();
    await page
      .locator('#pools li')
      .getByText(/in use, \d idle, at most 3/)
      .waitFor();
    await page.locator('#servers li').getByText('3 connections').waitFor();
    await page.locator('#slowest li', { hasText: 'user:{}' }).first().waitFor();
  });

  it('opens a trace from the list, by mouse and by keyboard, and the attributes of a span', async () => {
    const list = page.locator('#trace-list');
    await list.getByRole('button', { name: /load a profile/ }).click();
    await page.locator('#trace h3', { hasText: 'load a profile' }).waitFor();
    assert.equal(await page.locator('.waterfall li').count(), 7);
    assert.deepEqual(await page.locator('.waterfall .mark').allInnerTexts(), ['miss', '✎', 'miss', '✎', 'miss', '✎']);
    await page.locator('.waterfall button', { hasText: 'SET user:1' }).click();
    assert.match(await page.locator('.sentence').innerText(), /^Filled a miss\. Loading the value took [\d.]+ ms\.$/);
    await list.getByRole('button', { name: /load a profile/ }).focus();
    await page.keyboard.press('ArrowUp');
    await page.locator('#trace h3', { hasText: 'read profiles' }).waitFor();
    await page.locator('.waterfall button', { hasText: 'MGET' }).focus();
    await page.keyboard.press('Enter');
    const details = page.locator('.details');
    await details.getByText('cache.hit_count').waitFor();
    assert.match(await details.innerText(), /db\.query\.text\s+MGET user:1 user:2 user:3/);
    await page.keyboard.press('Enter');
    assert.equal(await details.innerText(), '');
  });

  it('draws a message below its publisher, and the link between them', async () => {
    await page
      .locator('#trace-list')
      .getByRole('button', { name: /tell the news/ })
      .click();
    await page.locator('#trace h3', { hasText: 'tell the news' }).waitFor();
    assert.deepEqual(await page.locator('.waterfall .name').allInnerTexts(), ['tell the news', 'publish news', 'process news']);
    assert.equal(await page.locator('.waterfall .mark.link').innerText(), '↗ from publish news');
    const bars = await page.locator('.waterfall .bar').all();
    const starts = await Promise.all(
      bars.map(async (bar) => Number.parseFloat((await bar.getAttribute('style'))?.split('left: ')[1] ?? '')),
    );
    assert.deepEqual(
      [...starts].sort((a, b) => a - b),
      starts,
      'each begins after the one above',
    );
    assert.equal(starts[0], 0);
  });

  it('is live, and can be paused', async () => {
    const state = page.locator('#connection');
    await state.getByText(/^, telemetry (now|\d+ s ago)$/).waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await state.getByText(/^paused$/).waitFor();
    await page.getByRole('button', { name: 'Go on' }).click();
    await state.getByText(/^live$/).waitFor();
  });

  it('shows the lines for another program, and breaks them only between words', async () => {
    assert.equal(await page.locator('#line-view').innerText(), 'npx opentelemetry-instrumentation-redis view -- node app.js');
    assert.match(await page.locator('#line-windows').innerText(), /^\$env:OTEL_EXPORTER_OTLP_ENDPOINT='.*'; .*; node app\.js$/);
    const line = await page.locator('#line-posix').innerText();
    assert.ok(line.startsWith(`OTEL_EXPORTER_OTLP_ENDPOINT=${url} `), line);
    assert.match(line, /NODE_OPTIONS='--import "\/.*\/build\/register\.mjs"' node app\.js$/);
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`is readable in ${colorScheme} colours`, async () => {
      await page.emulateMedia({ colorScheme });
      const { texts, faint } = (await page.evaluate(CONTRAST)) as { texts: number; faint: string[] };
      assert.ok(texts > 50);
      assert.deepEqual(faint, []);
    });
  }

  const send = (traces: unknown) =>
    fetch(`${url}/v1/traces`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(traces) });

  it('fits a phone without scrolling sideways, however long a name is', async () => {
    const family = 'long-name:'.repeat(12);
    const attributes = command('GET', { 'db.query.text': `GET ${family}`, 'db.redis.key_family': family, 'cache.hit': true });
    await send(tracesBody([{ attributes, atMs: Date.now() - EPOCH_MS }], 'with-a-long-name'));
    await page.locator('#slowest', { hasText: family }).waitFor();
    for (const width of [360, 390, 768, 1_280]) {
      await page.setViewportSize({ width, height: 800 });
      assert.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), `${width}`);
    }
  });

  it('shows a table that is wider than a phone with a shadow at its side', async () => {
    await page.setViewportSize({ width: 360, height: 800 });
    const tables = page.locator('.scroll');
    const layers = await page.evaluate("getComputedStyle(document.querySelector('.scroll')).backgroundAttachment");
    assert.equal(layers, 'local, local, scroll, scroll');
    assert.ok(await tables.last().evaluate((element) => element.scrollWidth > element.clientWidth));
    await page.setViewportSize({ width: 1_280, height: 900 });
  });

  describe('the list of traces', () => {
    const list = () => page.locator('#trace-list');
    const titles = () => list().locator('code').allInnerTexts();
    const span = (name: string, attributes: Attributes, more: Partial<SampleSpan> = {}) =>
      tracesBody([{ name, attributes, atMs: Date.now() - EPOCH_MS, ...more }], 'elsewhere');

    it('does not move under a pointer, counts waiting traces, and continues on request', async () => {
      await list().locator('button').first().hover();
      const before = await titles();
      for (const [index, key] of ['held:1', 'held:2'].entries()) {
        await send(span('GET', command('GET', { 'db.query.text': `GET ${key}`, 'cache.hit': true }), { trace: `held${index}` }));
      }
      const waiting = page.locator('#trace-held');
      await waiting.getByText('2 new').waitFor();
      assert.deepEqual(await titles(), before);
      await waiting.click();
      await list().getByText('GET held:2').waitFor();
      await waiting.waitFor({ state: 'hidden' });
    });

    it('does not move while it has the focus, and continues afterwards', async () => {
      await page.mouse.move(0, 0);
      await list().locator('button').first().focus();
      await send(span('GET', command('GET', { 'db.query.text': 'GET focus:1' }), { trace: 'focus1' }));
      await page.locator('#trace-held').getByText('1 new').waitFor();
      await page.locator('#pause').focus();
      await list().getByText('GET focus:1').waitFor();
    });

    it('finds traces by command, family, error and duration', async () => {
      const search = page.getByRole('searchbox');
      await search.fill('lrange');
      await list().getByText('GET focus:1').waitFor({ state: 'detached' });
      assert.deepEqual(await titles(), ['everything else']);
      await search.fill('wrongtype');
      await page.locator('#trace-list li:only-child').waitFor();
      await search.fill('user:{}');
      await list().getByText('load a profile').waitFor();
      await search.fill('');
      await page.getByLabel('Errors only').check();
      await list().getByText('load a profile').waitFor({ state: 'detached' });
      assert.ok((await titles()).includes('everything else'));
      await page.getByLabel('Errors only').uncheck();
      await page.getByLabel('Slower than').selectOption('1000');
      await page.locator('#trace-none').waitFor();
      await page.getByLabel('Slower than').selectOption('');
      await list().getByText('load a profile').waitFor();
    });

    it('lists polls separately, and not among the latest', async () => {
      await send(span('BLPOP', command('BLPOP', { 'db.query.text': 'BLPOP jobs 5' }), { trace: 'poll1', forMs: 5_000 }));
      await page.getByRole('button', { name: 'Polls' }).click();
      await list().getByText('BLPOP jobs 5').waitFor();
      await page.getByRole('button', { name: 'Slowest' }).click();
      await list().getByText('load a profile').waitFor();
      assert.ok(!(await titles()).includes('BLPOP jobs 5'));
      await page.getByRole('button', { name: 'Latest' }).click();
    });

    it('keeps the open trace pinned when the list has moved on, and its address opens it', async () => {
      await list()
        .getByRole('button', { name: /load a profile/ })
        .click();
      await page.locator('#trace h3', { hasText: 'load a profile' }).waitFor();
      assert.match(page.url(), /#trace=\w+$/);
      await page.getByRole('searchbox').fill('focus:1');
      await page.locator('#trace-pinned [aria-current=true]', { hasText: 'load a profile' }).waitFor();
      const linked = await browser.newPage();
      await linked.goto(page.url());
      await linked.locator('#trace h3', { hasText: 'load a profile' }).waitFor();
      await linked.close();
      await page.getByRole('searchbox').fill('');
    });

    it('says above the trace which calls repeat, and what could be done instead', async () => {
      const get = (index: number): SampleSpan => ({
        trace: 'loop',
        atMs: Date.now() - EPOCH_MS + index,
        attributes: command('GET', { 'db.redis.key_family': 'user:{}', ...(index === 12 ? { 'db.redis.repeated_calls': 12 } : {}) }),
      });
      await send(
        tracesBody(
          Array.from({ length: 12 }, (_, index) => get(index + 1)),
          'elsewhere',
        ),
      );
      await page.goto(`${url}/#trace=loop`);
      await page.reload();
      await page
        .locator('.sentence.loop')
        .getByText(/^GET user:\{\}, 12 times one after another, [\d.]+ ms: one MGET/)
        .waitFor();
    });

    it('describes a stampede, and how long a lock was waited for and held', async () => {
      const at = Date.now() - EPOCH_MS;
      const lock = (attributes: Attributes) => command('SET', { 'db.redis.lock.key': 'lock:7', ...attributes });
      await send(
        tracesBody(
          [
            { id: '1', attributes: command('SET', { 'cache.load.duration_ms': 30, 'cache.stampede_width': 4 }), atMs: at },
            { id: '2', attributes: lock({ 'db.redis.lock.acquired': false }), atMs: at + 10, forMs: 1 },
            { id: '3', attributes: lock({ 'db.redis.lock.acquired': true }), atMs: at + 30, forMs: 2 },
            { id: '4', attributes: lock({ 'db.redis.lock.released': true }), atMs: at + 92, forMs: 1 },
          ].map((one) => ({ ...one, trace: 'story' })),
          'elsewhere',
        ),
      );
      await page.goto(`${url}/#trace=story`);
      await page.reload();
      await page.locator('.waterfall li:nth-child(4)').waitFor();
      const sentences: string[] = [];
      for (const row of await page.locator('.waterfall button').all()) {
        await row.click();
        sentences.push(...(await page.locator('.sentence').allInnerTexts()));
      }
      assert.deepEqual(sentences, [
        'Filled a miss. Loading the value took 30 ms.',
        'A stampede: 4 callers have loaded this key at the same time by now.',
        'Waited 22 ms for this lock, in 2 attempts.',
        'Held this lock for 60 ms.',
      ]);
    });
  });

  it('has an accessible name for everything that can be pressed', async () => {
    const nameless = await page
      .locator('button, a, meter, [role=img]')
      .evaluateAll((all) =>
        all.filter((element) => !(element.textContent?.trim() || element.getAttribute('aria-label'))).map((element) => element.outerHTML),
      );
    assert.deepEqual(nameless, []);
  });

  it('shows markup in a key as text', async () => {
    const name = '<img src=x onerror=document.title=1>';
    const attributes = command(name, { 'db.query.text': name, 'db.redis.key_family': name, 'cache.hit': true, 'error.type': name });
    await send(tracesBody([{ name, attributes, failed: true, atMs: Date.now() - EPOCH_MS }], name));
    await page.locator('#trace-list', { hasText: name }).waitFor();
    assert.equal(await page.locator('img').count(), 0);
    assert.equal(await page.title(), 'Redis, live');
  });
});

async function addressOf(view: ChildProcess): Promise<string> {
  let said = '';
  for await (const line of createInterface({ input: view.stderr as NodeJS.ReadableStream })) {
    const address = /^page: (http:\S+)$/.exec(line)?.[1];
    if (address !== undefined) return address;
    said += `${line}\n`;
  }
  throw new Error(`the view ended before it had a page:\n${said}`);
}
