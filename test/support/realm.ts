import { readFileSync } from 'node:fs';
import Module, { createRequire, isBuiltin } from 'node:module';
import { dirname } from 'node:path';
import vm from 'node:vm';
import { ourBundle } from './ours';

interface Loaded {
  exports: unknown;
  loaded: boolean;
}

type Require = ((id: string) => unknown) & { cache: Record<string, Loaded>; resolve(id: string): string };

/**
 * A realm as jest makes one for each test file: JavaScript of its own, a `require` of its own that passes no hook, Node's
 * modules from outside, and in the end everything on its global object worn out.
 */
export class TestRealm {
  /** What was touched on the global object after the end. */
  readonly touched: string[] = [];
  private context: vm.Context | undefined;
  private readonly cache: Record<string, Loaded> = {};

  constructor() {
    const own = new Set(Object.getOwnPropertyNames(vm.runInNewContext('globalThis')));
    const names = Object.getOwnPropertyNames(globalThis).filter((name) => !own.has(name) && name !== 'global' && name !== 'crypto');
    this.context = vm.createContext(Object.fromEntries(names.map((name) => [name, (globalThis as Record<string, unknown>)[name]])));
    // What hooks put on the process stays in the realm too.
    this.run('globalThis.global = globalThis; globalThis.process = Object.create(process)');
  }

  /** The class, as loaded in this realm. */
  get ours(): Record<string, new (...args: unknown[]) => object> {
    return this.load(ourBundle()) as never;
  }

  /** A package, as found from a file. */
  require(id: string, from = ourBundle()): unknown {
    return this.requireOf(from)(id);
  }

  /** Runs a script in it. */
  run(script: string, globals: Record<string, unknown> = {}): unknown {
    if (this.context === undefined) throw new Error('the realm is over');
    return vm.compileFunction(script, Object.keys(globals), { parsingContext: this.context })(...Object.values(globals));
  }

  /** As jest-util's deleteProperties, in the mode that jest 30 begins with. */
  end(): void {
    const shared = this.run('return globalThis') as Record<symbol, unknown>;
    for (const key of Object.getOwnPropertySymbols(shared)) {
      const value = shared[key];
      if (typeof value === 'object' && value !== null) this.wearOut(value);
    }
    for (const file of Object.keys(this.cache)) delete this.cache[file];
    this.context = undefined;
  }

  private wearOut(target: object): void {
    for (const key of Reflect.ownKeys(target)) {
      const descriptor = Reflect.getOwnPropertyDescriptor(target, key);
      if (descriptor?.configurable !== true) continue;
      const touch = (): unknown => {
        this.touched.push(String(key));
        return descriptor.value;
      };
      Reflect.defineProperty(target, key, { configurable: true, enumerable: descriptor.enumerable, get: touch, set: touch });
    }
  }

  private load(file: string): unknown {
    const known = this.cache[file];
    if (known !== undefined) return known.exports;
    const module: Loaded = { exports: this.run('return {}'), loaded: false };
    this.cache[file] = module;
    const text = readFileSync(file, 'utf8');
    if (file.endsWith('.json')) module.exports = this.run('return JSON.parse(text)', { text });
    else this.evaluate(text, file, module);
    module.loaded = true;
    return module.exports;
  }

  private evaluate(text: string, file: string, module: Loaded): void {
    const names = ['exports', 'require', 'module', '__filename', '__dirname'];
    const compiled = vm.compileFunction(text, names, { parsingContext: this.context as vm.Context, filename: file });
    compiled.call(module.exports, module.exports, this.requireOf(file), module, file, dirname(file));
  }

  private requireOf(from: string): Require {
    const own = createRequire(from);
    const require = (id: string): unknown => {
      if (/^(node:)?module$/.test(id)) return this.moduleOfRealm();
      return isBuiltin(id) ? own(id) : this.load(own.resolve(id));
    };
    return Object.assign(require, { cache: this.cache, resolve: (id: string) => own.resolve(id) });
  }

  /** What is hooked in it is asked by nobody. */
  private moduleOfRealm(): unknown {
    return class extends Module {
      static override createRequire = createRequire;
    };
  }
}
