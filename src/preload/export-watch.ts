// Knows: the results of the SDK's exporters, which of them are reported, and what the SDK itself logs about them.
// Must not know: which exporters there are, how they send.
import { describeExporter } from '../status/provider';
import { PACKAGE_NAME } from '../version';
import { log } from './diagnostics';

/** The result of an export, as every exporter gives it to its processor. */
interface Result {
  /** 0: success. */
  readonly code: number;
  readonly error?: Error & { readonly code?: string | number };
}

type Export = (this: object, items: unknown, settled: (result: Result) => void) => void;

/** The class that all OTLP exporters extend. */
export interface ExporterClass {
  readonly prototype: { export: Export };
}

interface Failure {
  readonly url: string;
  readonly reason: string;
  readonly message: string;
}

/** The endpoint does not accept this signal. If it accepts another one, the address is right. */
const NOT_HERE = ['HTTP 404', 'HTTP 405', 'HTTP 501', 'gRPC 12'];
const DOCTOR = `npx ${PACKAGE_NAME} doctor -- <your command>`;
const METRICS_READER = /^PeriodicExportingMetricReader: metrics export (failed|timed out)/;

/** Reports once that telemetry cannot be sent, and once that it can be again. */
export class ExportWatch {
  /** The current failure of each signal. */
  private readonly failing = new Map<string, Failure>();

  watch({ prototype }: ExporterClass): void {
    const original = prototype.export;
    const note = (exporter: object, result: Result): void => this.note(exporter, result);
    prototype.export = function (items, settled) {
      original.call(this, items, (result) => {
        note(this, result);
        settled(result);
      });
    };
  }

  /** Whether this line of the SDK repeats what was reported here. The SDK logs it at every export, with a stack. */
  isKnown(line: string): boolean {
    if (this.failing.size === 0) return false;
    if (!line.startsWith('{"')) return this.failing.has('metrics') && METRICS_READER.test(line);
    const { message = '', code }: { message?: string; code?: string } = parsed(line);
    if (METRICS_READER.test(message)) return this.failing.has('metrics');
    return [...this.failing.values()].some((failure) => failure.message === message || failure.reason === code);
  }

  private note(exporter: object, { code, error }: Result): void {
    try {
      const signal = signalOf(exporter);
      const before = this.failing.get(signal);
      if (code === 0 && before !== undefined) this.recover(signal, before);
      if (code !== 0 && before === undefined) this.fail(signal, failureOf(exporter, error));
    } catch {
      // A failure to report must not fail the export.
    }
  }

  private fail(signal: string, failure: Failure): void {
    const isSaid = [...this.failing.values()].some((other) => isSame(other, failure));
    const areOthersSent = this.failing.size === 0;
    this.failing.set(signal, failure);
    if (isSaid) return;
    const isUnwanted = signal === 'metrics' && areOthersSent && NOT_HERE.includes(failure.reason);
    const advice = isUnwanted ? 'If nobody takes metrics there, set OTEL_METRICS_EXPORTER=none. ' : '';
    const what = isAnswered(failure) ? signal : 'telemetry';
    log().warn(
      `${what} cannot be sent to ${failure.url}: ${failure.reason}; said once. ${advice}To see why: ${DOCTOR}`,
    );
  }

  private recover(signal: string, { url }: Failure): void {
    this.failing.delete(signal);
    if (this.failing.size === 0) log().warn(`telemetry is sent again: ${url} takes ${signal}`);
  }
}

function parsed(line: string): { message?: string; code?: string } {
  try {
    return JSON.parse(line) as { message?: string; code?: string };
  } catch {
    return {};
  }
}

function signalOf({ constructor: { name } }: object): string {
  if (/Metric/.test(name)) return 'metrics';
  return /Log/.test(name) ? 'logs' : 'traces';
}

function failureOf(exporter: object, error: Result['error']): Failure {
  return { url: shown(describeExporter(exporter).url), reason: reasonOf(error), message: error?.message ?? '' };
}

/** A status is a number: HTTP has three digits, gRPC at most two. */
function reasonOf({ code, message }: { readonly code?: string | number; readonly message?: string } = {}): string {
  if (typeof code === 'number') return code >= 100 ? `HTTP ${code}` : `gRPC ${code}`;
  return code ?? message ?? 'no reason was given';
}

/** Without the parts that can hold credentials: user name, password, query and custom path. */
function shown(address = 'its address'): string {
  if (!URL.canParse(address) || !/^https?:/.test(address)) return address.replace(/^.*@/, '');
  const { origin, pathname } = new URL(address);
  return `${origin}${pathname.replace(/^\/.+(?=\/v1\/\w+$)/, '/…').replace(/^(?!.*\/v1\/\w+$)\/.+/, '/…')}`;
}

/** An unreachable address affects all signals, so it is reported once. */
function isSame(one: Failure, other: Failure): boolean {
  return originOf(one) === originOf(other) && (one.reason === other.reason || !(isAnswered(one) || isAnswered(other)));
}

function isAnswered({ reason }: Failure): boolean {
  return /^(HTTP|gRPC) /.test(reason);
}

function originOf({ url }: Failure): string {
  return URL.canParse(url) ? new URL(url).origin : url;
}
