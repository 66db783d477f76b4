// Knows: what an exporter of the SDK is answered, when that is worth a line, and what the SDK says of it by itself.
// Must not know: which exporters there are, how they send.
import { diag } from '@opentelemetry/api';
import { describeExporter } from '../status/provider';
import { PACKAGE_NAME } from '../version';

/** Of an export, as every exporter tells its processor. */
interface Result {
  /** 0: all is well. */
  readonly code: number;
  readonly error?: Error & { readonly code?: string | number };
}

type Export = (this: object, items: unknown, settled: (result: Result) => void) => void;

/** The class that all exporters of OTLP extend. */
export interface ExporterClass {
  readonly prototype: { export: Export };
}

interface Failure {
  readonly url: string;
  readonly reason: string;
  readonly message: string;
}

/** Nobody has these for one signal; that it is for another signal is no fault of the address. */
const NOT_HERE = ['HTTP 404', 'HTTP 405', 'HTTP 501', 'gRPC 12'];
const DOCTOR = `npx ${PACKAGE_NAME} doctor -- <your command>`;
const METRICS_READER = /^PeriodicExportingMetricReader: metrics export (failed|timed out)/;

/** Says once that telemetry cannot be sent, and once that it can again. */
export class ExportWatch {
  /** What fails now, by signal. */
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

  /** Whether the SDK says with this line what was said here. It does so at every export, with a stack. */
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
      // What is said of an export is not worth the export.
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
    warn(`${what} cannot be sent to ${failure.url}: ${failure.reason}; said once. ${advice}To see why: ${DOCTOR}`);
  }

  private recover(signal: string, { url }: Failure): void {
    this.failing.delete(signal);
    if (this.failing.size === 0) warn(`telemetry is sent again: ${url} takes ${signal}`);
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

/** A status is a number: HTTP's have three digits, gRPC's two at most. */
function reasonOf({ code, message }: { readonly code?: string | number; readonly message?: string } = {}): string {
  if (typeof code === 'number') return code >= 100 ? `HTTP ${code}` : `gRPC ${code}`;
  return code ?? message ?? 'no reason was given';
}

/** Without what can hold credentials: a name, a password, a query, a path of somebody's own. */
function shown(address = 'its address'): string {
  if (!URL.canParse(address) || !/^https?:/.test(address)) return address.replace(/^.*@/, '');
  const { origin, pathname } = new URL(address);
  return `${origin}${pathname.replace(/^\/.+(?=\/v1\/\w+$)/, '/…').replace(/^(?!.*\/v1\/\w+$)\/.+/, '/…')}`;
}

/** Where nobody answers, that is so for every signal. */
function isSame(one: Failure, other: Failure): boolean {
  return originOf(one) === originOf(other) && (one.reason === other.reason || !(isAnswered(one) || isAnswered(other)));
}

function isAnswered({ reason }: Failure): boolean {
  return /^(HTTP|gRPC) /.test(reason);
}

function originOf({ url }: Failure): string {
  return URL.canParse(url) ? new URL(url).origin : url;
}

function warn(message: string): void {
  diag.createComponentLogger({ namespace: PACKAGE_NAME }).warn(message);
}
