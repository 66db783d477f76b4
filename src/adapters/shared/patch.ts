// Knows: how a function of redis is replaced and put back.
// Must not know: what the replacement does.
import { createRequire } from 'node:module';
import shimmer from 'shimmer';
import type { Report } from '../../core/recorder';

// biome-ignore lint/suspicious/noExplicitAny: the one place where functions of any shape pass through
type AnyFunction = (this: any, ...args: any[]) => any;

/** An object of redis whose methods are replaced: a prototype, a class, a module's exports. */
export type Target = Record<string, unknown>;

/** The prototype of the class that a module exports as its default. */
export function prototypeOf({ default: exported }: Target): unknown {
  return typeof exported === 'function' ? exported.prototype : undefined;
}

/** What a loaded file gets when it requires `name`; undefined: it was not loaded by `require`. */
export function requiredBy(moduleExports: Target, name: string): unknown {
  const file = Object.values(require.cache ?? {}).find((loaded) => loaded?.exports === moduleExports);
  try {
    return file && createRequire(file.filename)(name);
  } catch {
    return undefined;
  }
}

/** Makes the replacement. It must call `original` with its own `this` and all of its arguments. */
export type Wrapper<F extends AnyFunction> = (original: F) => F;

interface Wrapped {
  readonly target: Target;
  readonly name: string;
  /** Whose replacement this is, where several taps need the same method. */
  readonly layer: string;
  readonly replacement: unknown;
  restore(): void;
}

/** What shimmer leaves on a replacement. */
interface Marked {
  __wrapped?: boolean;
  __original?: unknown;
  __unwrap?: () => void;
}

/** Whether a function of ours or of redis was wrapped by somebody who uses shimmer or OpenTelemetry's copy of it. */
export function isMarked(value: unknown): value is Required<Marked> {
  if (typeof value !== 'function') return false;
  const { __wrapped: wrapped, __original: original, __unwrap: unwrap } = value as Marked;
  return wrapped === true && typeof original === 'function' && typeof unwrap === 'function';
}

/** Records every replacement, and takes all of them back. */
export class PatchLedger {
  private readonly entries: Wrapped[] = [];

  constructor(private readonly report: Report) {}

  /** Whether a method can be wrapped. Asked for a whole seam before its first wrap: never half a patch. */
  static has(target: unknown, ...names: string[]): target is Target {
    if (typeof target !== 'object' && typeof target !== 'function') return false;
    return target !== null && names.every((name) => typeof (target as Target)[name] === 'function');
  }

  /** Replaces `target[name]`. Twice is once in a layer. The caller has checked with `has`: shimmer would complain on the console. */
  wrap<F extends AnyFunction>(target: Target, name: string, wrapper: Wrapper<F>, layer = ''): void {
    if (this.isWrapped(target, name, layer)) return;
    shimmer.wrap(target as Record<string, AnyFunction>, name, (inner) => dressed(wrapper(inner as F), inner));
    const replacement = target[name] as AnyFunction & Marked;
    this.entries.push({ target, name, layer, replacement, restore: unmark(replacement) });
  }

  /** Replaces a property that is not a function to be called but a class to be constructed. */
  replace(target: Target, name: string, replacement: unknown): void {
    if (this.isWrapped(target, name, '')) return;
    const original = target[name];
    target[name] = replacement;
    this.entries.push({
      target,
      name,
      layer: '',
      replacement,
      restore: () => {
        target[name] = original;
      },
    });
  }

  private isWrapped(target: Target, name: string, layer: string): boolean {
    return this.entries.some((entry) => entry.target === target && entry.name === name && entry.layer === layer);
  }

  /** Takes everything back, the last first. What somebody else wrapped over ours stays, and is reported. */
  undo(report = this.report): void {
    for (let entry = this.entries.pop(); entry !== undefined; entry = this.entries.pop()) {
      const { target, name, replacement, restore } = entry;
      if (target[name] === replacement) restore();
      else report(`${name} was wrapped by another library after us and cannot be restored; ours stays inside and does nothing`);
    }
  }
}

/**
 * Takes shimmer's marks off and returns what undoes the wrap. Before it wraps, an `InstrumentationBase` takes away
 * whatever bears the marks: ours would be gone without a word. Without them it wraps ours, and can be told from it.
 */
function unmark(replacement: AnyFunction & Marked): () => void {
  const { __unwrap: restore = () => undefined } = replacement;
  for (const mark of ['__wrapped', '__original', '__unwrap'] as const) delete replacement[mark];
  return restore;
}

/** Somebody may look at a function's name or arity; they stay what they were. */
function dressed<F extends AnyFunction>(replacement: F, original: AnyFunction): F {
  Object.defineProperty(replacement, 'name', { value: original.name, configurable: true });
  Object.defineProperty(replacement, 'length', { value: original.length, configurable: true });
  return replacement;
}

export type Class = new (...args: never[]) => object;

/** The class itself, but every instance is shown to `seen`. Instances cannot tell: their class is the original. */
export function onConstruct(original: Class, seen: (instance: object, args: readonly unknown[]) => void): Class {
  return new Proxy(original, {
    construct(target, args, newTarget) {
      const instance = Reflect.construct(target, args, newTarget) as object;
      seen(instance, args);
      return instance;
    },
  });
}
