// Knows: the place where Node's module loader loads a file, once, for `require` and `import` alike.
// Must not know: which files are of interest.
import Module from 'node:module';

type Load = (this: unknown, ...args: unknown[]) => unknown;

/**
 * The hooked method and its arguments. Bun has no `load`; there the compiler of `.js` is hooked. `require` itself is
 * never hooked: its hooks cache what they have seen, and the first one decides what the others get.
 */
interface Place {
  readonly owner: Record<string, Load>;
  readonly name: string;
  loaded(self: unknown, args: readonly unknown[]): readonly [path: unknown, module: unknown];
}

function placeOf(loader: typeof Module): Place {
  const { prototype, _extensions: extensions } = loader as unknown as Record<
    'prototype' | '_extensions',
    Record<string, Load>
  >;
  if (typeof prototype.load === 'function')
    return { owner: prototype, name: 'load', loaded: (self, [path]) => [path, self] };
  return { owner: extensions, name: '.js', loaded: (_self, [module, path]) => [path, module] };
}

/** Passes on the path and the exports of every file that CommonJS loads, after it was loaded. */
export class LoadHook {
  private readonly place = placeOf(Module);
  private restore: (() => void) | undefined;
  private isOn = false;

  /** @param seen must not throw: it is called inside the application's `require` */
  constructor(private readonly seen: (path: string, moduleExports: () => unknown) => void) {}

  start(): void {
    this.isOn = true;
    if (this.restore !== undefined) return;
    const { owner, name } = this.place;
    const original = owner[name] as Load;
    const replacement = this.hooked(original);
    owner[name] = replacement;
    this.restore = () => {
      if (owner[name] !== replacement) return;
      owner[name] = original;
      this.restore = undefined;
    };
  }

  /** Restores the identical function. If another hook wraps ours, ours stays inside and does nothing. */
  stop(): void {
    this.isOn = false;
    this.restore?.();
  }

  private hooked(original: Load): Load {
    const show = (self: unknown, args: readonly unknown[]): void => {
      if (!this.isOn) return;
      const [path, module] = this.place.loaded(self, args);
      if (typeof path === 'string') this.seen(path, () => (module as { readonly exports: unknown }).exports);
    };
    return function load(this: unknown): unknown {
      const args = arguments as unknown as unknown[];
      const result = original.apply(this, args);
      show(this, args);
      return result;
    };
  }
}
