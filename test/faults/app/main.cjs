// Knows: how one scenario is run, how a fault is asked for, and that the process then ends by itself. Plain node.
// Must not know: what the scenario does, tracing.
//
// node main.cjs <version> <scenario> <port of the director> <stage as JSON>: prints { calls, events, open }.
'use strict';
const { connect } = require('node:net');
const { setTimeout: sleep } = require('node:timers/promises');
const { load } = require('./clients.cjs');
const { events, shownCalls } = require('./log.cjs');
const { SCENARIOS } = require('./scenarios.cjs');

const [version, scenario, directorPort, stage] = process.argv.slice(2);

/** Asks for a fault, and waits until it is there. What it is a fault of the telemetry's own, nobody here can tell. */
function inflict(fault, ...args) {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(directorPort), '127.0.0.1', () => socket.end(JSON.stringify([fault, ...args])));
    let answer = '';
    socket.setEncoding('utf8').on('data', (chunk) => {
      answer += chunk;
    });
    socket.once('error', reject);
    socket.once('close', () => {
      if (answer === '') return reject(new Error(`the director did not answer to ${fault}`));
      const { failure, value } = JSON.parse(answer);
      return failure === undefined ? resolve(value) : reject(new Error(failure));
    });
  });
}

const WAIT_MS = 5;
const WAITS = 400;

/** What would keep the process alive, after sockets have had the time to close. */
async function openResources() {
  const open = () => process.getActiveResourcesInfo().filter((one) => /TCP|Timeout|Immediate/.test(one));
  for (let tries = 0; open().length > 0 && tries < WAITS; tries++) await sleep(WAIT_MS);
  return open().sort();
}

async function run() {
  await SCENARIOS[scenario]({ ...load(version), inflict, stage: JSON.parse(stage) });
  const open = await openResources();
  process.stdout.write(JSON.stringify({ calls: shownCalls(), events, open }));
}

run().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(7);
});
