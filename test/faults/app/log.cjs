// Knows: how what an application gets to see is written down: its calls, the events of its clients, what hits the process.
// Must not know: redis versions, faults, tracing.
'use strict';
const { createHash } = require('node:crypto');

const calls = [];
const events = [];
let count = 0;

const WORTH_A_DIGEST = 200;

/** What an application can tell of a value. Long ones by length and digest. */
function shown(value) {
  if (value instanceof Error) return { error: shownError(value) };
  if (Buffer.isBuffer(value)) return { buffer: shown(value.toString('latin1')) };
  if (typeof value === 'string' && value.length > WORTH_A_DIGEST)
    return { length: value.length, sha1: createHash('sha1').update(value).digest('hex') };
  if (Array.isArray(value)) return value.map(shown);
  return value === undefined ? { undefined: true } : value;
}

/** Class, message, code, and the errors inside, as `MultiErrorReply` has them. */
function shownError(error) {
  if (!(error instanceof Error)) return { thrown: String(error) };
  const { name, message, code, command, replies, errors } = error;
  const inside = (replies ?? errors)?.filter((one) => one instanceof Error).map(shownError);
  return { class: error.constructor.name, name, message, code, command, ...(inside && { inside }) };
}

/** A key for one call alone, by which its span will be known. */
const newKey = (prefix = '') => `${prefix}call:${count++}`;

/** Notes one call from before it is made until it is settled, and resolves then, whichever way. */
function call(operation, send, { prefix, key = newKey(prefix), isRepeated = false } = {}) {
  const entry = begin(operation, key, isRepeated, 'pending');
  const startMonotonicMs = performance.now();
  const settle = (kind, seen) => {
    entry.durationMs = performance.now() - startMonotonicMs;
    entry.outcome = { [kind]: seen };
    return entry;
  };
  try {
    return send(key).then(
      (value) => settle('value', value),
      (error) => settle('error', error),
    );
  } catch (error) {
    return Promise.resolve(settle('thrown', error));
  }
}

/**
 * The calls as they are printed, at the end: the digest of a large reply takes longer than the call, and the calls that
 * are settled with it would seem to have waited for that.
 */
function shownCalls() {
  return calls.map((entry) => ({ ...entry, outcome: shownOutcome(entry.outcome) }));
}

function shownOutcome(outcome) {
  if (typeof outcome === 'string') return outcome;
  if ('value' in outcome) return { value: shown(outcome.value) };
  return 'error' in outcome ? { error: shownError(outcome.error) } : { thrown: shownError(outcome.thrown) };
}

/** A call whose promise nobody looks at: if it is rejected, the process is told. */
function forget(operation, send, { prefix } = {}) {
  const { key } = begin(operation, newKey(prefix), false, 'forgotten');
  void send(key);
}

function begin(operation, key, isRepeated, outcome) {
  const entry = { operation, key, isRepeated, startTimeMs: Date.now(), durationMs: undefined, outcome };
  calls.push(entry);
  return entry;
}

/** How often a client tries to reconnect is a matter of time: the tries are not noted, and their errors once. */
function watch(name, emitter) {
  let last;
  const note = (event, ...details) => {
    const line = JSON.stringify([name, event, ...details]);
    if (event !== 'error' || line !== last) events.push(JSON.parse(line));
    last = line;
  };
  for (const event of ['ready', 'end', 'warning']) emitter.on(event, () => note(event));
  emitter.on('error', (error) => note('error', shownError(error)));
  return emitter;
}

for (const event of ['unhandledRejection', 'uncaughtException']) {
  process.on(event, (error) => events.push(['process', event, shownError(error)]));
}
process.on('warning', ({ name, message }) => events.push(['process', 'warning', name, message]));

module.exports = { call, events, forget, newKey, shownCalls, watch };
