// Takes the pictures of the documentation: the live page of the demo, and of a worker of a queue, in a real browser.
// node scripts/screenshots.mjs, or with the name of a scene: demo, worker
// Knows: which pictures there are.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { ensureBinary } from './binaries.mjs';
import { startStandalone } from './redis-server.mjs';

const FOLDER = fileURLToPath(new URL('../docs/images/', import.meta.url));
const TRAFFIC_MS = 100_000;

/** A page with something to see on it, and the trace that is opened for its pictures. */
const SCENES = {
  demo: {
    program: ['../examples/demo.mjs', '--page'],
    // One that goes through both processes.
    trace: '2 services',
    shows: '.waterfall .mark.link',
    pictures: [
      { name: 'live-page-light.png', colorScheme: 'light', width: 1_280, height: 1_000 },
      { name: 'live-page-dark.png', colorScheme: 'dark', width: 1_280, height: 1_000 },
      { name: 'live-page-phone.png', colorScheme: 'light', width: 390, height: 1_180 },
    ],
  },
  worker: {
    service: 'mail-worker',
    program: ['../build/cli/main.js', 'view', '--', process.execPath, pathOf('./screenshots/worker.mjs')],
    trace: 'profile:',
    shows: '.waterfall',
    pictures: [{ name: 'live-page-worker.png', colorScheme: 'light', width: 1_280, height: 1_000 }],
  },
};

function pathOf(relative) {
  return fileURLToPath(new URL(relative, import.meta.url));
}

async function main() {
  await mkdir(FOLDER, { recursive: true });
  const redis = await startStandalone();
  const browser = await chromium.launch({ executablePath: ensureBinary('chromium'), args: ['--no-sandbox', '--disable-gpu'] });
  const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(SCENES);
  try {
    for (const name of names) await play(browser, redis.url, SCENES[name]);
  } finally {
    await browser.close();
    await redis.stop();
  }
}

async function play(browser, redisUrl, { service, program: [file, ...args], pictures, ...trace }) {
  const env = { ...process.env, REDIS_URL: redisUrl, ...(service && { OTEL_SERVICE_NAME: service }) };
  const program = spawn(process.execPath, [pathOf(file), ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(program, 'exit');
  try {
    const url = await addressOf(program);
    await new Promise((resolve) => setTimeout(resolve, TRAFFIC_MS));
    for (const picture of pictures) await take(browser, url, { ...picture, ...trace });
  } finally {
    program.kill('SIGTERM');
    await ended;
  }
}

async function addressOf(program) {
  let said = '';
  // A pipe that is closed on it would end the program at its next word.
  for await (const chunk of program.stderr.iterator({ destroyOnReturn: false })) {
    said += chunk;
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0];
    if (url !== undefined) {
      program.stderr.resume();
      return url;
    }
  }
  throw new Error(`The program has no page:\n${said}`);
}

async function take(browser, url, { name, colorScheme, width, height, trace, shows }) {
  const page = await browser.newPage({ colorScheme, viewport: { width, height } });
  await page.goto(url);
  await page.locator('#trace-list button', { hasText: trace }).first().click();
  await page.locator(shows).first().waitFor();
  await page.evaluate('scrollTo(0, 0)');
  await page.screenshot({ path: `${FOLDER}${name}` });
  await page.close();
}

await main();
