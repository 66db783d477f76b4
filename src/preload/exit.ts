// Knows: how to send what is left before the process ends, without a say in how or when it ends.
// Must not know: what is sent.

import { isMainThread } from 'node:worker_threads';
import { diag, metrics, trace } from '@opentelemetry/api';
import { PACKAGE_NAME } from '../version';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** Less than what orchestrators grant between SIGTERM and SIGKILL: a dead collector must not use it up. */
const FLUSH_TIMEOUT_MS = 3_000;

interface Flushable {
  forceFlush?(): Promise<void>;
}

/**
 * Sends what is left when the event loop is empty and when a signal ends the process.
 * @param before makes what is held back; it does not throw
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
 * Our listener took the signal's default action away. It is gone when this runs, and it runs before the
 * application's: whoever counts listeners, as `signal-exit` does, sees what there would be without us. If nobody
 * else listens, the signal is sent again to do what it would have done. The SDK goes on: as process 1 of a
 * container, where that is nothing, the process lives on.
 */
function endOn(signal: NodeJS.Signals, before: () => void): void {
  before();
  const flushed = flush();
  if (process.listenerCount(signal) > 0) {
    // Whoever listens may send it again when all is closed, as NestJS does. Not sooner: who sends it at once means it.
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
  const tracers = trace.getTracerProvider();
  const delegate: object = 'getDelegate' in tracers ? (tracers.getDelegate as () => object)() : tracers;
  const providers: Flushable[] = [delegate, metrics.getMeterProvider() as object];
  await Promise.all(providers.map((provider) => settled(() => provider.forceFlush?.())));
}

/** One that fails keeps nobody from sending the rest. Somebody else's may throw where it should reject. */
async function settled(work: () => Promise<unknown> | undefined): Promise<void> {
  try {
    await work();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    diag.createComponentLogger({ namespace: PACKAGE_NAME }).warn(`the last telemetry could not be sent: ${reason}`);
  }
}
