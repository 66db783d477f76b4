// Knows: how a function of redis is replaced and restored.
// Must not know: what the replacement does.
import { createRequire } from 'node:module';
import shimmer from 'shimmer';
import type { Report } from '../../core/recorder';

// biome-ignore lint/suspicious/noExplicitAny: the one place where functions of any shape pass through
type AnyFunction = (this: any, ...args: any[]) => any;

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** An object of redis whose methods are replaced: a prototype, a class, a module's exports. */
export type Target = Record<string, unknown>;

/** The prototype of a class that a module exports. */
export function prototypeOf(moduleExports: Target, name = 'default'): Target | undefined {
  const exported = moduleExports[name];
  return typeof exported === 'function' ? exported.prototype : undefined;
}

/** What a loaded file gets from `require(name)`; undefined: it was not loaded by `require`. */
export function requiredBy(moduleExports: Target, name: string): unknown {
  const file = Object.values(require.cache ?? {}).find((loaded) => loaded?.exports === moduleExports);
  try {
    return file && createRequire(file.filename)(name);
  } catch {
    return undefined;
  }
}

/** Returns the replacement. It must call `original` with its own `this` and all of its arguments. */
export type Wrapper<F extends AnyFunction> = (original: F) => F;

interface Wrapped {
  readonly target: Target;
  readonly name: string;
  /** The owner of the replacement, if several taps need the same method. */
  readonly layer: string;
  readonly replacement: unknown;
  restore(): void;
}

/** The marks that shimmer sets on a replacement. */
interface Marked {
  __wrapped?: boolean;
  __original?: unknown;
  __unwrap?: () => void;
}

/** Whether a function was wrapped with shimmer, or with OpenTelemetry's copy of it. */
export function isMarked(value: unknown): value is Required<Marked> {
  if (typeof value !== 'function') return false;
  const { __wrapped: wrapped, __original: original, __unwrap: unwrap } = value as Marked;
  return wrapped === true && typeof original === 'function' && typeof unwrap === 'function';
}

/** Records every replacement, and undoes all of them. */
export class PatchLedger {
  private readonly entries: Wrapped[] = [];

  constructor(private readonly report: Report) {}

  /** Whether all methods exist. Check a seam of several objects before its first patch: none is patched in part. */
  static has(target: unknown, ...names: string[]): target is Target {
    if (typeof target !== 'object' && typeof target !== 'function') return false;
    return target !== null && names.every((name) => typeof (target as Target)[name] === 'function');
  }

  /** Replaces `target[name]`, once per layer. */
  private wrap(target: Target, name: string, wrapper: Wrapper<AnyFunction>, layer: string): void {
    if (this.isWrapped(target, name, layer)) return;
    shimmer.wrap(target as Record<string, AnyFunction>, name, (inner) => likeOriginal(wrapper(inner), inner));
    const replacement = target[name] as AnyFunction & Marked;
    this.entries.push({ target, name, layer, replacement, restore: unmark(replacement) });
  }

  /** Replaces methods of one object. Returns false if one is missing; then nothing was changed. */
  patch(target: unknown, wrappers: Readonly<Record<string, Wrapper<AnyFunction>>>, layer = ''): boolean {
    if (!PatchLedger.has(target, ...Object.keys(wrappers))) return false;
    for (const [name, wrapper] of Object.entries(wrappers)) this.wrap(target, name, wrapper, layer);
    return true;
  }

  /** Replaces a property that holds a class, not a function to be called. */
  replace(target: Target, name: string, replacement: unknown): void {
    if (this.isWrapped(target, name, '')) return;
    const original = target[name];
    target[name] = replacement;
    const restore = (): void => {
      target[name] = original;
    };
    this.entries.push({ target, name, layer: '', replacement, restore });
  }

  private isWrapped(target: Target, name: string, layer: string): boolean {
    return this.entries.some((entry) => entry.target === target && entry.name === name && entry.layer === layer);
  }

  /** Undoes all replacements, the last first. A replacement that others have wrapped stays, and is reported. */
  undo(report = this.report): void {
    for (let entry = this.entries.pop(); entry !== undefined; entry = this.entries.pop()) {
      const { target, name, replacement, restore } = entry;
      if (target[name] === replacement) restore();
      else
        report(
          `${name} was wrapped by another library after us and cannot be restored; our wrapper stays inside ` +
            'and does nothing',
        );
    }
  }
}

/**
 * Removes shimmer's marks and returns a function that undoes the wrap. Before an `InstrumentationBase` wraps, it
 * unwraps any marked function, and ours would be lost without a report. Without marks it wraps ours, and can be told
 * apart from it.
 */
function unmark(replacement: AnyFunction & Marked): () => void {
  const { __unwrap: restore = () => undefined } = replacement;
  for (const mark of ['__wrapped', '__original', '__unwrap'] as const) delete replacement[mark];
  return restore;
}

/** Keeps the function's name, arity and properties, which other code may read. */
function likeOriginal<F extends AnyFunction>(replacement: F, original: AnyFunction): F {
  Object.defineProperty(replacement, 'name', { value: original.name, configurable: true });
  Object.defineProperty(replacement, 'length', { value: original.length, configurable: true });
  return replacement;
}

/** The same wrapper for several methods. */
export function allOf<F extends AnyFunction>(
  names: readonly string[],
  wrapper: Wrapper<F>,
): Record<string, Wrapper<F>> {
  return Object.fromEntries(names.map((name) => [name, wrapper]));
}

/** Calls `seen` before the method. It must not throw. */
export function before<S>(seen: (self: S, args: readonly unknown[]) => void): Wrapper<Method> {
  return (original) =>
    function (this: unknown): unknown {
      seen(this as S, arguments as never);
      return original.apply(this, arguments as never);
    };
}

/** Calls `seen` with what the method returned. It must not throw. */
export function after<S, R>(seen: (self: S, result: R, args: readonly unknown[]) => void): Wrapper<Method> {
  return (original) =>
    function (this: unknown): unknown {
      const result = original.apply(this, arguments as never);
      seen(this as S, result as R, arguments as never);
      return result;
    };
}

/** Calls `run` in place of the method: it calls the method once, with `args`, and returns its result. */
export function around<S, R>(run: (self: S, call: () => R, args: unknown[]) => R): Wrapper<Method> {
  return (original) =>
    function (this: unknown): unknown {
      return run(this as S, () => original.apply(this, arguments as never) as R, arguments as never);
    };
}

export type Class = new (...args: never[]) => object;

/** Returns the class itself, but calls `seen` for every instance. The class of the instances is still the original. */
export function onConstruct(original: Class, seen: (instance: object, args: readonly unknown[]) => void): Class {
  return new Proxy(original, {
    construct(target, args, newTarget) {
      const instance = Reflect.construct(target, args, newTarget) as object;
      seen(instance, args);
      return instance;
    },
  });
}
