// Knows: how to run one real server process on a free loopback port, and how to leave nothing of it behind.
// Must not know: topologies (test/support/redis-server.ts builds those) and any client library.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureBinary } from './binaries.mjs';
import { request } from './resp.mjs';

const HOST = '127.0.0.1';
const START_ATTEMPTS = 5;
const START_TIMEOUT_MS = 60_000;
const TERM_TIMEOUT_MS = 2_000;

// A cluster node also listens on its port + 10,000. Both then stay below the ephemeral ports (32,768 on Linux),
// so that no outgoing connection of another process takes one between the check and the start.
const FIRST_PORT = 10_240;
const LAST_PORT = 22_239;
const BUS_OFFSET = 10_000;

const running = new Set();
const reserved = new Set();

/** A plain server that answers PING, with persistence off. */
export function startStandalone({ args = [], unixSocket = false } = {}) {
  return startServer(({ folder, port }) => {
    const socket = unixSocket ? ['--unixsocket', join(folder, 'redis.sock')] : [];
    return [...baseArgs(folder, port), ...socket, ...args];
  });
}

export function baseArgs(folder, port) {
  return ['--port', `${port}`, '--bind', HOST, '--dir', folder, '--save', '', '--appendonly', 'no'];
}

/** Starts the server that `argsFor({ folder, port })` describes; another process may win the port, hence the attempts. */
export async function startServer(argsFor) {
  for (let attempt = 1; ; attempt++) {
    const port = await reservePort();
    const folder = await mkdtemp(join(tmpdir(), 'redis-server-'));
    try {
      const args = await argsFor({ folder, port });
      return handle({ folder, port, args, child: await launch(args, folder, port) });
    } catch (error) {
      await discard(folder, port);
      if (attempt === START_ATTEMPTS || !/address already in use/i.test(error.message)) throw error;
    }
  }
}

function handle({ folder, port, args, child }) {
  const socketPath = args.includes('--unixsocket') ? args[args.indexOf('--unixsocket') + 1] : undefined;
  const crash = async () => {
    await closePort(args, port);
    await terminate(child, 'SIGKILL');
  };
  const revive = async () => {
    child = await launch(args, folder, port);
  };
  return {
    host: HOST,
    port,
    url: `redis://${HOST}:${port}`,
    socketPath,
    folder,
    get pid() {
      return child.pid;
    },
    request: (...command) => request({ host: HOST, port }, ...command),
    stop: async () => {
      await terminate(child, 'SIGTERM');
      await discard(folder, port);
    },
    kill: async () => {
      await crash();
      await discard(folder, port);
    },
    crash,
    revive,
    // The same port with empty data, for tests of reconnection.
    restart: async () => {
      await crash();
      await revive();
    },
    pause: () => pause(child),
    resume: () => {
      child.kill('SIGCONT');
    },
  };
}

// Readiness is read from the child's own log first: a PING alone could be answered by a stranger that won the port.
async function launch(args, folder, port) {
  // In a process group of its own: a Ctrl-C of the terminal would end the server before those who use it.
  const child = spawn(ensureBinary('redis'), args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const entry = { child, folder };
  running.add(entry);
  child.once('exit', () => running.delete(entry));
  try {
    await announcesItself(child);
    await answers(port);
    return child;
  } catch (error) {
    await terminate(child, 'SIGKILL');
    throw error;
  }
}

function announcesItself(child) {
  return new Promise((resolve, reject) => {
    let log = '';
    const fail = (reason) => reject(new Error(`redis server ${reason}:\n${log.trim()}`));
    const timer = setTimeout(fail, START_TIMEOUT_MS, 'did not get ready in time');
    const read = (chunk) => {
      log = (log + chunk).slice(-8_192);
      if (!/ready to accept connections|Sentinel ID is/i.test(log)) return;
      clearTimeout(timer);
      resolve();
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('error', reject);
    // "close" and not "exit": only then has the whole log, and with it the reason, been read.
    child.once('close', (code) => {
      clearTimeout(timer);
      fail(`ended with code ${code}`);
    });
  });
}

// NOAUTH is an answer too: the tests start servers with a password.
async function answers(port) {
  try {
    await request({ host: HOST, port }, 'PING');
  } catch (error) {
    if (!error.message.startsWith('NOAUTH')) throw error;
  }
}

/**
 * The kernel may close a dying process's connections before its port: whoever comes back at once is then let in, and thrown
 * out again, or is not. Nodes of a cluster would tell each other of the change, and a Redis before 7 refuses it.
 */
async function closePort(args, port) {
  if (args.includes('--cluster-enabled')) return;
  await request({ host: HOST, port }, 'CONFIG', 'SET', 'port', '0').catch(() => {});
}

function terminate(child, signal) {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), TERM_TIMEOUT_MS);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill(signal);
  });
}

// The signal is on its way when `kill` returns. Where there is no /proc, that has to do.
async function pause(child) {
  child.kill('SIGSTOP');
  const isStopped = (text) => /\) T/.test(text);
  while (!isStopped(await readFile(`/proc/${child.pid}/stat`, 'utf8').catch(() => ') T'))) await sleep(1);
}

async function discard(folder, port) {
  await rm(folder, { recursive: true, force: true });
  reserved.delete(port);
}

async function reservePort() {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT + 1));
    if (isReserved(port)) continue;
    reserved.add(port);
    if ((await isFree(port)) && (await isFree(port + BUS_OFFSET))) return port;
    reserved.delete(port);
  }
}

function isReserved(port) {
  return reserved.has(port) || reserved.has(port - BUS_OFFSET) || reserved.has(port + BUS_OFFSET);
}

function isFree(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, HOST, () => probe.close(() => resolve(true)));
  });
}

process.on('exit', () => {
  for (const { child, folder } of running) {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
});
