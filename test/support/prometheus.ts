// Knows: how to run a real Prometheus on a free loopback port, and how to ask it.
// Must not know: what it scrapes.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureBinary } from '../../scripts/binaries.mjs';

export type Labels = Readonly<Record<string, string>>;

/** One series of an answer. */
export interface Sample {
  readonly metric: Labels;
  readonly value: number;
}

export interface Prometheus {
  /** The answer to an instant query; rejects with what Prometheus says of a query that is wrong. */
  query(text: string): Promise<Sample[]>;
  stop(): Promise<void>;
}

interface Answer {
  readonly status: 'success' | 'error';
  readonly error?: string;
  readonly data: { readonly result: readonly { readonly metric: Labels; readonly value: readonly [number, string] }[] };
}

const TRIES = 200;
const POLL_MS = 100;

/** Started, and has scraped `target` (a port of this machine) once. */
export async function startPrometheus(target: number): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'prometheus-'));
  const port = await freePort();
  const job = { job_name: 'app', static_configs: [{ targets: [`127.0.0.1:${target}`] }] };
  // JSON is YAML.
  await writeFile(join(folder, 'prometheus.yml'), JSON.stringify({ global: { scrape_interval: '1s' }, scrape_configs: [job] }));
  const args = [`--config.file=${join(folder, 'prometheus.yml')}`, `--storage.tsdb.path=${join(folder, 'data')}`];
  const child = spawn(ensureBinary('prometheus'), [...args, `--web.listen-address=127.0.0.1:${port}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk) => {
    log += chunk;
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const query = (text: string) => ask(port, text);
  const stop = async (): Promise<void> => {
    child.kill();
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  for (let i = 0; i < TRIES && child.exitCode === null; i++) {
    if ((await query('sum(up{job="app"})').catch(() => [])).at(0)?.value === 1) return { query, stop };
    await sleep(POLL_MS);
  }
  await stop();
  throw new Error(`prometheus did not scrape\n${log}`);
}

async function ask(port: number, text: string): Promise<Sample[]> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(text)}`);
  const answer = (await response.json()) as Answer;
  if (answer.status !== 'success') throw new Error(`${answer.error}\n${text}`);
  return answer.data.result.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }));
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
