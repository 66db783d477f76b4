// Knows: how spans are sent that a program leaves behind when it calls process.exit(): nothing asynchronous runs then.
// Must not know: how spans are made.
import { spawnSync } from 'node:child_process';
import { findBeside } from './application';
import { flushTracesNow } from './exit';

type Export = (this: object, items: unknown, settled: unknown) => void;

interface Modules {
  readonly OTLPExporterBase: { readonly prototype: { export: Export } };
  readonly JsonTraceSerializer: { serializeRequest(spans: readonly object[]): Uint8Array | undefined };
}

const TIMEOUT_MS = 3_000;

/** Takes the request from its standard input. */
const POST = `fetch(process.argv[1], {
  method: 'POST', headers: { 'content-type': 'application/json' }, body: require('node:fs').readFileSync(0),
})`;

/**
 * Sends what is left by another process, which this one waits for. Spans that were sent before are not sent again.
 * @param sdk where the application's SDK is
 * @param before makes the spans that are held back; it does not throw
 */
export function sendAtExit(sdk: string, url: string, before: () => void): void {
  process.once('exit', () => {
    try {
      const { OTLPExporterBase, JsonTraceSerializer } = {
        ...beside(sdk, '@opentelemetry/otlp-exporter-base'),
        ...beside(sdk, '@opentelemetry/otlp-transformer'),
      } as Modules;
      const { prototype } = OTLPExporterBase;
      const original = prototype.export;
      prototype.export = (items) => {
        if (Array.isArray(items)) post(url, JsonTraceSerializer.serializeRequest(items));
      };
      before();
      flushTracesNow();
      // Listeners of others that come later find it as it was.
      prototype.export = original;
    } catch {
      // Nothing is left to be told: the page has what was sent before.
    }
  });
}

function beside(sdk: string, name: string): object {
  return require(findBeside(sdk, name) ?? name) as object;
}

function post(url: string, body: Uint8Array | undefined): void {
  // In Electron, the executable is Node.js only on request.
  const env = { ...process.env, NODE_OPTIONS: '', ELECTRON_RUN_AS_NODE: '1' };
  spawnSync(process.execPath, ['-e', POST, url], {
    input: body ?? '',
    env,
    timeout: TIMEOUT_MS,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
}
