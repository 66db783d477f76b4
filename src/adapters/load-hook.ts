// Knows: where the module loader of Node.js loads a file, once, whoever asked for it and by whichever syntax.
// Must not know: which files are of interest.
import Module from 'node:module';

type Load = (this: unknown, ...args: unknown[]) => unknown;

/** What a module is to its loader. */
interface LoadedModule {
  readonly exports: unknown;
}

/**
 * The method that is hooked, and what it was called with. Bun has no `load`; there it is the compiler of `.js`.
 * Never `require` itself: hooks of it keep what they have seen, and who hooks it first decides what others are shown.
 */
interface Place {
  readonly owner: Record<string, Load>;
  readonly name: string;
  loaded(self: unknown, args: readonly unknown[]): readonly [path: unknown, module: unknown];
}

function placeOf(loader: typeof Module): Place {
  const { prototype, _extensions: extensions } = loader as unknown as Record<'prototype' | '_extensions', Record<string, Load>>;
  if (typeof prototype.load === 'function') return { owner: prototype, name: 'load', loaded: (self, [path]) => [path, self] };
  return { owner: extensions, name: '.js', loaded: (_self, [module, path]) => [path, module] };
}

/** Shows the path and the exports of every file that CommonJS loads, after it was loaded. */
export class LoadHook {
  private readonly place = placeOf(Module);
  private original: Load | undefined;
  private replacement: Load | undefined;
  private isOn = false;

  /** @param seen must not throw: it is called inside the application's `require` */
  constructor(private readonly seen: (path: string, moduleExports: () => unknown) => void) {}

  start(): void {
    this.isOn = true;
    if (this.replacement !== undefined) return;
    const { owner, name } = this.place;
    const original = owner[name] as Load;
    this.original = original;
    this.replacement = this.hooked(original);
    owner[name] = this.replacement;
  }

  /** Puts the identical function back; where somebody else hooked after us, ours stays inside and does nothing. */
  stop(): void {
    this.isOn = false;
    const { owner, name } = this.place;
    if (this.original === undefined || owner[name] !== this.replacement) return;
    owner[name] = this.original;
    this.original = undefined;
    this.replacement = undefined;
  }

  private hooked(original: Load): Load {
    const show = (self: unknown, args: readonly unknown[]): void => {
      if (!this.isOn) return;
      const [path, module] = this.place.loaded(self, args);
      if (typeof path === 'string') this.seen(path, () => (module as LoadedModule).exports);
    };
    return function load(this: unknown): unknown {
      const args = arguments as unknown as unknown[];
      const result = original.apply(this, args);
      show(this, args);
      return result;
    };
  }
}
