// Knows: how much heap the insights take, however many keys there are.
// Must not know: what of them is remembered where.
import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import type { Arguments, Command } from '../../src/core/events';
import { CommandInsights } from '../../src/insights';
import { CLIENT, SETTINGS } from './settings';

/** Distinct keys. Ten million take half a minute. */
const KEYS = Number(process.env.HEAP_KEYS ?? 250_000);
/** What fills every memory: from here on nothing may be added. */
const FILLED = KEYS / 5;
const MAX_GROWTH_MB = 3;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heapMegabytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / 1e6;
}

describe('the memory of insights', function () {
  this.timeout(300_000);

  it(`is the same after ${KEYS.toLocaleString('en')} keys as after a fifth of them`, () => {
    const insights = new CommandInsights(SETTINGS, () => {});
    const run = (index: number, args: Arguments, reply: unknown): void => {
      const caller = { traceId: index.toString(16).padStart(32, '1'), spanId: '1'.repeat(16), traceFlags: TraceFlags.NONE };
      const command: Command = {
        args,
        client: CLIENT,
        context: trace.setSpanContext(ROOT_CONTEXT, caller),
        traced: true,
        startTimeMs: index,
        // Nothing expires by itself: only the caps hold.
        startMonotonicMs: index / KEYS,
      };
      insights.command(command, { durationMs: 0, failed: false, reply, error: undefined, isLocal: false });
    };
    const touch = (from: number, to: number): void => {
      for (let index = from; index < to; index++) {
        if (index % 4 === 0) run(index, ['GET', `user:${index}:cart`], null);
        else if (index % 4 === 1) run(index, ['SET', `page-${index.toString(36)}`, 'v', 'EX', '60'], 'OK');
        else if (index % 4 === 2) run(index, ['SET', `lock:${index}`, 'token', 'NX', 'PX', '1000'], index % 8 === 2 ? 'OK' : null);
        else run(index, ['MGET', `a:${index}`, `b:${index}:${index % 9}`], [null, 'v']);
      }
    };
    const empty = heapMegabytes();
    touch(0, FILLED);
    const before = heapMegabytes();
    touch(FILLED, KEYS);
    const after = heapMegabytes();
    const shown = [empty, before, after].map((megabytes) => `${megabytes.toFixed(1)} MB`);
    if (process.env.HEAP_KEYS) console.log(`heap before the first key, after ${FILLED}, after ${KEYS}: ${shown.join(', ')}`);
    assert.ok(after - before < MAX_GROWTH_MB, `${(after - before).toFixed(1)} MB more`);
    // It is looked at once more: it was there until now.
    assert.ok([...insights.counts(1)].length > 3);
  });
});
