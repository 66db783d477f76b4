// Knows: how to export pending telemetry before the process ends, without changing how or when it ends.
// Must not know: what is exported.

import { isMainThread } from 'node:worker_threads';
import { metrics, trace } from '@opentelemetry/api';
import { log } from './diagnostics';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** Less than orchestrators grant between SIGTERM and SIGKILL: an unreachable collector must not use it up. */
const FLUSH_TIMEOUT_MS = 3_000;

interface Flushable {
  forceFlush?(): Promise<void>;
}

interface Traces extends Flushable {
  readonly _resource?: object;
}

/**
 * Exports pending telemetry when the event loop is empty, and when a signal ends the process.
 * @param before makes the spans that are held back; it does not throw
 */
export function flushAtEnd(sdk: { shutdown(): Promise<void> }, before: () => void): void {
  process.once('beforeExit', () => {
    before();
    void settled(() => sdk.shutdown());
  });
  // Workers get no signals.
  if (isMainThread) for (const signal of SIGNALS) listen(signal, before);
}

function listen(signal: NodeJS.Signals, before: () => void): void {
  process.prependOnceListener(signal, () => endOn(signal, before));
}

/**
 * Our listener disables the signal's default action. It is removed before this runs, and this runs before the
 * application's listeners: code that counts listeners, like `signal-exit`, sees the same as without us. If there is
 * no other listener, the signal is sent again to do its default action. The SDK keeps running: as process 1 of a
 * container, where the default action is none, the process lives on.
 */
function endOn(signal: NodeJS.Signals, before: () => void): void {
  before();
  const flushed = flush();
  if (process.listenerCount(signal) > 0) {
    // A listener may send the signal again when all is closed, as NestJS does. We listen again in the next tick and
    // not sooner: a signal that is sent again at once is meant to end the process.
    process.nextTick(listen, signal, before);
    return;
  }
  // Not unref'd: a process that runs out of work meanwhile would end with code 0.
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, FLUSH_TIMEOUT_MS);
  });
  void Promise.race([flushed, late]).then(() => {
    clearTimeout(timer);
    process.kill(process.pid, signal);
  });
}

async function flush(): Promise<void> {
  const measured: Flushable = metrics.getMeterProvider() as object;
  await Promise.all([flushTraces, () => measured.forceFlush?.()].map(settled));
}

async function flushTraces(): Promise<void> {
  await tracerProvider().forceFlush?.();
}

/** Has pending spans exported within this turn, with what is known of their resource: there is no other turn. */
export function flushTracesNow(): void {
  const { _resource } = tracerProvider();
  if (_resource !== undefined) Object.defineProperty(_resource, 'asyncAttributesPending', { value: false });
  flushTraces().catch(() => {});
}

function tracerProvider(): Traces {
  const tracers: object = trace.getTracerProvider();
  return 'getDelegate' in tracers ? (tracers.getDelegate as () => object)() : tracers;
}

/** A failure does not keep the others from exporting. Code of others may throw where it should reject. */
async function settled(work: () => Promise<unknown> | undefined): Promise<void> {
  try {
    await work();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log().warn(`the last telemetry could not be sent: ${reason}`);
  }
}
