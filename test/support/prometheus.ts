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

/** A rule as it is evaluated. */
export interface Rule {
  readonly type: 'recording' | 'alerting';
  readonly name: string;
  readonly query: string;
  readonly health: string;
}

export interface Prometheus {
  /** The answer to an instant query, now or as of `seconds`; rejects with what Prometheus says of a query that is wrong. */
  query(text: string, seconds?: number): Promise<Sample[]>;
  rules(): Promise<Rule[]>;
  /** Resolves once something that is there now was scraped. */
  scraped(): Promise<void>;
  stop(): Promise<void>;
}

interface Answer<T> {
  readonly status: 'success' | 'error';
  readonly error?: string;
  readonly data: T;
}

interface Vector {
  readonly result: readonly { readonly metric: Labels; readonly value: readonly [number, string] }[];
}

interface RuleGroups {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
}

const TRIES = 200;
const POLL_MS = 100;

/** Started, and has scraped `target` (a port of this machine) once. */
export async function startPrometheus({ target, rules = [] }: { target: number; rules?: readonly string[] }): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'prometheus-'));
  const port = await freePort();
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: rules,
    scrape_configs: [{ job_name: 'app', static_configs: [{ targets: [`127.0.0.1:${target}`] }] }],
  };
  // JSON is YAML.
  await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config));
  const args = [`--config.file=${join(folder, 'prometheus.yml')}`, `--storage.tsdb.path=${join(folder, 'data')}`];
  const child = spawn(ensureBinary('prometheus'), [...args, `--web.listen-address=127.0.0.1:${port}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk) => {
    log += chunk;
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const prometheus = {
    query: (text: string, seconds?: number) => query(port, text, seconds),
    rules: async () => (await ask<RuleGroups>(port, 'rules')).groups.flatMap((group) => group.rules),
    scraped: async () => {
      const now = Date.now() / 1_000;
      for (let i = 0; i < TRIES && child.exitCode === null; i++) {
        const times = await query(port, 'timestamp(up{job="app"}) and up{job="app"} == 1').catch(() => []);
        if (times.some(({ value }) => value > now)) return;
        await sleep(POLL_MS);
      }
      throw new Error(`prometheus did not scrape\n${log}`);
    },
    stop: async () => {
      child.kill();
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
  try {
    await prometheus.scraped();
    return prometheus;
  } catch (error) {
    await prometheus.stop();
    throw error;
  }
}

async function query(port: number, text: string, seconds = Date.now() / 1_000): Promise<Sample[]> {
  const { result } = await ask<Vector>(port, `query?time=${seconds}&query=${encodeURIComponent(text)}`);
  return result.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }));
}

async function ask<T>(port: number, path: string): Promise<T> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
  const answer = (await response.json()) as Answer<T>;
  if (answer.status !== 'success') throw new Error(`${answer.error}\n${decodeURIComponent(path)}`);
  return answer.data;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
