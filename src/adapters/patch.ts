// Knows: how a function of redis is replaced and put back.
// Must not know: what the replacement does.
import shimmer from 'shimmer';
import type { Report } from '../core/recorder';

// biome-ignore lint/suspicious/noExplicitAny: the one place where functions of any shape pass through
type AnyFunction = (this: any, ...args: any[]) => any;

/** An object of redis whose methods are replaced: a prototype, a class, a module's exports. */
export type Target = Record<string, unknown>;

/** Makes the replacement. It must call `original` with its own `this` and all of its arguments. */
export type Wrapper<F extends AnyFunction> = (original: F) => F;

interface Wrapped {
  readonly target: Target;
  readonly name: string;
  readonly original: unknown;
  readonly replacement: unknown;
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

  /** Replaces `target[name]`. Twice is once. The caller has checked with `has`: shimmer would complain on the console. */
  wrap<F extends AnyFunction>(target: Target, name: string, wrapper: Wrapper<F>): void {
    if (this.entries.some((entry) => entry.target === target && entry.name === name)) return;
    const original = target[name];
    const replacement = shimmer.wrap(target as Record<string, AnyFunction>, name, (inner) => dressed(wrapper(inner as F), inner));
    this.entries.push({ target, name, original, replacement });
  }

  /** Replaces a property that is not a function to be called but a class to be constructed. */
  replace(target: Target, name: string, replacement: unknown): void {
    if (this.entries.some((entry) => entry.target === target && entry.name === name)) return;
    const original = target[name];
    target[name] = replacement;
    this.entries.push({ target, name, original, replacement });
  }

  /** Takes everything back, the last first. What somebody else wrapped over ours stays, and is reported. */
  undo(): void {
    for (let entry = this.entries.pop(); entry !== undefined; entry = this.entries.pop()) {
      const { target, name, original, replacement } = entry;
      if (target[name] !== replacement) {
        this.report(`${name} was wrapped by another library after us and cannot be restored; ours stays inside and does nothing`);
      } else if (typeof replacement === 'function' && '__unwrap' in replacement) {
        shimmer.unwrap(target as Record<string, AnyFunction>, name);
      } else {
        target[name] = original;
      }
    }
  }
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
