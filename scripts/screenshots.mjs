// Takes the pictures of the documentation: the live page of the demo, in a real browser. node scripts/screenshots.mjs
// Knows: which pictures there are.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { ensureBinary } from './binaries.mjs';

const FOLDER = fileURLToPath(new URL('../docs/images/', import.meta.url));
const DEMO = fileURLToPath(new URL('../examples/demo.mjs', import.meta.url));
const TRAFFIC_MS = 100_000;
const PICTURES = [
  { name: 'live-page-light.png', colorScheme: 'light', width: 1_280, height: 1_000 },
  { name: 'live-page-dark.png', colorScheme: 'dark', width: 1_280, height: 1_000 },
  { name: 'live-page-phone.png', colorScheme: 'light', width: 390, height: 1_180 },
];

async function main() {
  await mkdir(FOLDER, { recursive: true });
  const demo = spawn(process.execPath, [DEMO, '--page'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(demo, 'exit');
  const browser = await chromium.launch({ executablePath: ensureBinary('chromium'), args: ['--no-sandbox', '--disable-gpu'] });
  try {
    const url = await addressOf(demo);
    await new Promise((resolve) => setTimeout(resolve, TRAFFIC_MS));
    for (const picture of PICTURES) await take(browser, url, picture);
  } finally {
    await browser.close();
    demo.kill('SIGTERM');
    await ended;
  }
}

async function addressOf(demo) {
  let said = '';
  // A pipe that is closed on it would end the demo at its next word.
  for await (const chunk of demo.stderr.iterator({ destroyOnReturn: false })) {
    said += chunk;
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0];
    if (url !== undefined) {
      demo.stderr.resume();
      return url;
    }
  }
  throw new Error(`The demo has no page:\n${said}`);
}

async function take(browser, url, { name, colorScheme, width, height }) {
  const page = await browser.newPage({ colorScheme, viewport: { width, height } });
  await page.goto(url);
  // A trace that goes through both processes.
  await page.locator('#trace-list button', { hasText: '2 services' }).first().click();
  await page.locator('.waterfall .mark.link').first().waitFor();
  await page.evaluate('scrollTo(0, 0)');
  await page.screenshot({ path: `${FOLDER}${name}` });
  await page.close();
}

await main();
