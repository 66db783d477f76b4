// Knows: where every copy of OpenTelemetry's API keeps what is registered, and who makes spans with it.
// Must not know: what is registered; it only writes it down.
import { PACKAGE_NAME } from '../../version';
import { quietly } from './quietly';
import { describeSdk } from './sdk';
import type { SeenScope, Snapshot } from './snapshot';

const API = Symbol.for('opentelemetry.js.api.1');
const NAMES_KEPT = 5;
const SAID_KEPT = 50;

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;
type Methods = Record<string, unknown>;

interface ApiGlobals {
  readonly version?: string;
  readonly trace?: Methods;
  readonly diag?: Methods;
}

interface SpanLike {
  isRecording?(): boolean;
}

/**
 * Every read of what is registered passes the property that this replaces; at each, what is new is watched before
 * whoever reads gets it. So it does not matter when the SDK comes, or in which format its modules are.
 */
export class ApiWatch {
  private readonly scopes: Record<string, SeenScope> = {};
  private readonly said: string[] = [];
  private readonly watched = new WeakSet<object>();
  /** A provider that was given to the instrumentation itself. */
  private given: Methods | undefined;

  constructor() {
    const holder = globalThis as { [API]?: ApiGlobals };
    let current = holder[API];
    Object.defineProperty(globalThis, API, {
      configurable: true,
      enumerable: true,
      get: () => {
        const globals = current;
        if (globals !== undefined) quietly(() => this.look(globals));
        return current;
      },
      set: (value: ApiGlobals | undefined) => {
        current = value;
      },
    });
  }

  seen(): Pick<Snapshot, 'api' | 'sdk' | 'scopes' | 'said'> {
    const { version, ...registered } = (globalThis as { [API]?: ApiGlobals })[API] ?? {};
    return {
      api: { version, registered: Object.keys(registered) },
      sdk: describeSdk(this.given ?? delegateOf(registered.trace)),
      scopes: this.scopes,
      said: this.said,
    };
  }

  /** A provider that does not go through what is registered. */
  watchGiven(provider: object): void {
    if ('getDelegateTracer' in provider) return;
    this.given = provider as Methods;
    this.watchTracers(this.given, 'getTracer');
  }

  private look({ trace, diag }: ApiGlobals): void {
    if (trace !== undefined) this.watchTracers(trace, 'getDelegateTracer' in trace ? 'getDelegateTracer' : 'getTracer');
    if (diag !== undefined) for (const level of ['error', 'warn']) this.watchLogger(diag, level);
  }

  private watchTracers(provider: Methods, method: string): void {
    this.after(provider, method, ([scope], tracer) => {
      if (typeof tracer !== 'object' || tracer === null) return;
      this.after(tracer as Methods, 'startSpan', ([name], span) => this.count(String(scope), String(name), span as SpanLike));
    });
  }

  private count(scopeName: string, name: string, span: SpanLike | undefined): void {
    this.scopes[scopeName] ??= { made: 0, dropped: 0, names: [] };
    const scope = this.scopes[scopeName];
    if (span?.isRecording?.() === true) scope.made += 1;
    else scope.dropped += 1;
    if (scope.names.length < NAMES_KEPT) scope.names.push(name);
  }

  private watchLogger(logger: Methods, level: string): void {
    this.after(logger, level, ([namespace, ...words]) => {
      const text = words.map(String).join(' ');
      if (namespace !== PACKAGE_NAME || this.said.length === SAID_KEPT || this.said.includes(text)) return;
      this.said.push(text);
    });
  }

  /** Lets `seen` look at every call of a method, once. It changes neither arguments nor result. */
  private after(target: Methods, method: string, seen: (args: unknown[], result: unknown) => void): void {
    const original = target[method];
    if (typeof original !== 'function' || this.watched.has(original)) return;
    const replacement = function (this: unknown, ...args: unknown[]): unknown {
      const result = (original as AnyFunction).apply(this, args);
      quietly(() => seen(args, result));
      return result;
    };
    this.watched.add(replacement);
    Object.defineProperty(target, method, { value: replacement, configurable: true, writable: true });
  }
}

function delegateOf(provider: Methods | undefined): Methods | undefined {
  return typeof provider?.getDelegate === 'function' ? (provider.getDelegate() as Methods) : provider;
}
