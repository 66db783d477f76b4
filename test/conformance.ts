// Knows: how a path is run with us and without us, and what must be equal. Run unchanged for every version.
// Must not know: how a version is tapped.
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import type { Attributes } from '@opentelemetry/api';
import { CORE_PATHS, type ExpectedSpan, PATHS, type Path } from './paths';
import { type RedisServer, startStandalone } from './support/redis-server';
import { asSpelled } from './support/spelling';
import { assertQuiet, inSpan, instrumentation, type Recorded, recorded, redisSpans, resetTracing } from './support/tracing';
import { connect, end, IOREDIS_CORE, isIoredis, loadRedis, type Redis, titleOf, type Version } from './support/versions';

/** What a run of a path shows to its application: the value or the rejection, and whatever else it could hear. */
interface Observed {
  readonly result: string;
  readonly events: readonly string[];
  readonly ownNames: readonly string[];
  readonly options: string;
}

const CONTROLS_LIMIT_MS = 300_000;

/** What was compared and found equal: a path, a version, and the number of its spans. */
const compared = new Map<string, Map<Version, number>>();

/** The table of all paths and versions, as far as they have run. */
export function conformanceTable(versions: readonly Version[]): string {
  const width = Math.max(...PATHS.map(({ title }) => title.length));
  const row = (title: string, cells: readonly string[]): string =>
    `${title.padEnd(width)} ${cells.map((cell) => cell.padStart(8)).join('')}`;
  const rows = PATHS.map(({ title }) =>
    row(
      title,
      versions.map((version) => String(compared.get(title)?.get(version) ?? '–')),
    ),
  );
  const total = [...compared.values()].reduce((sum, cells) => sum + cells.size, 0);
  return [
    row('spans of a path, by version of redis, ioredis and iovalkey', versions.map(shortened)),
    ...rows,
    `${total} comparisons with a control, all equal`,
  ].join('\n');
}

const shortened = (version: Version): string =>
  version.replace(/^io(redis|valkey)-/, (_, library: string) => (library === 'redis' ? 'io ' : 'iov '));

/** Of the versions between, what versions differ in; `CONFORMANCE=all` walks the rest as well. */
function pathsOf(version: Version): readonly Path[] {
  const isBetween = isIoredis(version) && !IOREDIS_CORE.some((one) => one === version);
  const paths = isBetween && process.env.CONFORMANCE !== 'all' ? CORE_PATHS : PATHS;
  return paths.filter(({ on }) => on?.(version) ?? true);
}

/** Runs all paths of one version: all without us, then each with us, and compares. */
export function conformance(version: Version): void {
  describe(`conformance of ${titleOf(version)}`, () => {
    const paths = pathsOf(version);
    const controls = new Map<Path, Promise<Observed>>();
    let server: RedisServer;
    let redis: Redis;
    before(async function () {
      this.timeout(CONTROLS_LIMIT_MS);
      server = await startStandalone();
      redis = loadRedis(version);
      // Not for each path: to patch all versions again takes longer than most paths.
      instrumentation.disable();
      for (const path of paths) {
        const control = unseen(path, version, redis, server);
        controls.set(path, control);
        // One that fails is the matter of its test.
        await control.catch(() => {});
      }
      instrumentation.enable();
    });
    after(() => server.stop());

    for (const path of paths) {
      it(path.title, async () => {
        const control = await controls.get(path);
        resetTracing();
        const traced = await observe(path, version, redis, server);
        assert.deepEqual(traced, control, 'the application sees a difference');
        const expected = path.spans(version, server).map((span) => complete(span.isSpelled ? span : asSpelled(span, version), server));
        assert.deepEqual(redisSpans().map(recorded), expected);
        assertQuiet();
        compared.set(path.title, (compared.get(path.title) ?? new Map<Version, number>()).set(version, expected.length));
      });
    }
  });
}

async function unseen(path: Path, version: Version, redis: Redis, server: RedisServer): Promise<Observed> {
  resetTracing();
  const control = await observe(path, version, redis, server);
  assert.deepEqual(redisSpans(), [], 'a disabled instrumentation made spans');
  return control;
}

async function observe(path: Path, version: Version, redis: Redis, server: RedisServer): Promise<Observed> {
  for (const reset of [['FLUSHALL'], ['SCRIPT', 'FLUSH'], ['FUNCTION', 'FLUSH'], ...(path.given ?? [])]) await server.request(...reset);
  const events: string[] = [];
  const client = await connect(redis, server, path.options?.(server));
  if (!path.breaksConnection) client.on('error', (error: Error) => events.push(`error ${error.message}`));
  const restore = listenForUnhandled(events);
  try {
    const run = (): Promise<unknown> => path.run({ client, redis, server, version, events, asCaller });
    const result = await inCaller(path, run);
    // Unhandled rejections are told of once the microtasks are through.
    await new Promise((resolve) => setImmediate(resolve));
    return { result, events, ownNames: Object.getOwnPropertyNames(client), options: inspect(client.options, { depth: 6, sorted: true }) };
  } finally {
    restore();
    await end(client);
  }
}

function listenForUnhandled(events: string[]): () => void {
  const silenced = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', (reason) => events.push(`unhandledRejection ${describeResult(reason)}`));
  return () => {
    process.removeAllListeners('unhandledRejection');
    for (const listener of silenced) process.on('unhandledRejection', listener);
  };
}

/** The call happens in a span of the application's, which every span of ours must have for a parent. */
function inCaller(path: Path, run: () => Promise<unknown>): Promise<string> {
  return inSpan(async (caller) => {
    const result = await run().then(describeResult, (error: unknown) => `rejected with ${describeResult(error)}`);
    const parents = redisSpans().map(({ parentSpanContext }) => parentSpanContext?.spanId);
    if (callers.size > 0) assert.deepEqual(parents.length === 0 ? [] : [...callers], parents, 'the parents');
    callers.clear();
    if (!path.ownParents) assert.deepEqual(new Set(parents), new Set(parents.map(() => caller.spanContext().spanId)), 'the parent');
    return result;
  });
}

/** One of several callers. Its span must be the parent of one span, and of no other caller's. */
const callers = new Set<string>();

function asCaller<T>(call: () => Promise<T>): Promise<T> {
  return inSpan((caller) => {
    callers.add(caller.spanContext().spanId);
    return call();
  });
}

/** Errors by class and message, everything else as it prints: stacks differ by nature. */
function describeResult(value: unknown): string {
  if (value instanceof Error) return `${value.constructor.name}: ${value.message}`;
  if (Array.isArray(value)) return `[${value.map(describeResult).join(', ')}]`;
  return inspect(value, { depth: 6, sorted: true });
}

/** What the table leaves out because every span has it. */
function complete({ name, kind = 'CLIENT', attributes, error }: Omit<ExpectedSpan, 'isSpelled'>, server: RedisServer): Recorded {
  const common: Attributes = { 'db.system.name': 'redis', 'db.namespace': '0', 'server.address': server.host, 'server.port': server.port };
  const defaultName = `${attributes['db.operation.name']} ${server.host}:${server.port}`;
  return { name: name ?? defaultName, kind, attributes: { ...common, ...attributes }, ...(error === undefined ? {} : { error }) };
}
