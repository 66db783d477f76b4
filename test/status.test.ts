import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { Operation } from '../src/core/operation';
import { RedisInstrumentation } from '../src/instrumentation';
import type { Providers } from '../src/providers';
import { describeProvider } from '../src/status';
import { STATUS_VARIABLE, type Status } from '../src/status/shape';
import { until } from './support/waiting';

/** What stands in the place of what counts. */
interface Inside {
  readonly libraries: Readonly<Record<string, { readonly tap: Operation }>>;
  readonly providers: Providers;
  readonly tracerNow: unknown;
}

describe('the status of the instrumentation', () => {
  it('costs nothing without a request', () => {
    const before = process.listenerCount('exit');
    const { libraries, providers, tracerNow } = new RedisInstrumentation({ enabled: false }) as unknown as Inside;
    for (const { tap } of Object.values(libraries)) assert.equal(tap.constructor, Operation);
    assert.equal(tracerNow, providers.tracer);
    assert.equal(process.listenerCount('exit'), before);
  });

  it('is written to a file on request, one for each instrumentation of a process', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'status-'));
    process.env[STATUS_VARIABLE] = folder;
    const made = [{ traces: false }, { minDurationMs: 3 }].map((options) => new RedisInstrumentation({ enabled: false, ...options }));
    delete process.env[STATUS_VARIABLE];
    const files = (): string[] => readdirSync(folder).filter((name) => name.endsWith('.json'));
    await until(() => files().length >= made.length);
    const statuses = files().map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Status);
    assert.deepEqual(
      statuses.map(({ options }) => options).sort((first) => (first.traces === undefined ? 1 : -1)),
      [{ traces: 'false' }, { minDurationMs: '3' }],
    );
    assert.deepEqual(new Set(statuses.map(({ pid, isEnabled }) => `${pid} ${isEnabled}`)), new Set([`${process.pid} false`]));
    rmSync(folder, { recursive: true });
  });

  it('recognises samplers, exporters and processors by their methods, not their names', () => {
    class A {
      shouldSample = () => ({ decision: 2 });
    }
    class B {
      readonly held = { address: 'collector:4317' };
      export(): void {}
      shutdown = async () => {};
    }
    class C {
      constructor(private readonly exporter: unknown) {}
      onStart(): void {}
      onEnd(): void {
        void this.exporter;
      }
      forceFlush = async () => {};
      shutdown = async () => {};
    }
    const described = (processors: C[]) => describeProvider(new BasicTracerProvider({ sampler: new A(), spanProcessors: processors }));
    const { sampler, exporters, isEmpty } = described([new C(new B())]);
    assert.deepEqual([sampler, exporters, isEmpty], ['A', [{ name: 'B', url: 'collector:4317' }], false]);
    assert.deepEqual([described([new C(undefined)]).isEmpty, described([]).isEmpty], [false, true]);
  });
});
