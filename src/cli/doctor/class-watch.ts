// Knows: when our own class is loaded, and what it is told.
// Must not know: what becomes of it.
import Module from 'node:module';
import type { ApiWatch } from './api-watch';
import { isOurs } from './loaded';
import { quietly } from './quietly';

type Load = (this: unknown, request: string, parent: { readonly filename?: string | null } | undefined, isMain: boolean) => unknown;

interface InstrumentationPrototype {
  setConfig(config?: object): void;
  setTracerProvider(provider: object): void;
}

/** Options whose values are no secrets, and which can leave a process without spans. */
const SHOWN = ['enabled', 'requireParentSpan', 'ignoreCommands', 'minDurationMs', 'onConflict'];

/** Looks at `RedisInstrumentation` as soon as it is loaded: what it is given in code shows nowhere else. */
export class ClassWatch {
  /** As given last. */
  readonly options: Record<string, string> = {};

  constructor(private readonly api: ApiWatch) {
    const loader = Module as unknown as { _load: Load };
    const load = loader._load;
    const seen = (moduleExports: unknown): void => this.meet(moduleExports);
    loader._load = function (request, parent, isMain) {
      const moduleExports = load.call(this, request, parent, isMain);
      if (/\/instrumentation$/.test(request) && isOurFile(parent?.filename)) quietly(() => seen(moduleExports));
      return moduleExports;
    };
  }

  private meet(moduleExports: unknown): void {
    const { RedisInstrumentation } = moduleExports as { RedisInstrumentation?: { prototype: InstrumentationPrototype } };
    if (RedisInstrumentation === undefined || Object.hasOwn(RedisInstrumentation, MET)) return;
    Object.defineProperty(RedisInstrumentation, MET, { value: true });
    const { prototype } = RedisInstrumentation;
    const { setConfig, setTracerProvider } = prototype;
    const note = (config: object): void => this.note(config);
    const watch = (provider: object): void => this.api.watchGiven(provider);
    prototype.setConfig = function (config = {}) {
      quietly(() => note(config));
      setConfig.call(this, config);
    };
    prototype.setTracerProvider = function (provider) {
      quietly(() => watch(provider));
      setTracerProvider.call(this, provider);
    };
  }

  private note(config: object): void {
    for (const name of SHOWN) {
      const value: unknown = (config as Record<string, unknown>)[name];
      if (value !== undefined) this.options[name] = Array.isArray(value) ? value.map(String).join(',') : String(value);
    }
  }
}

const MET = Symbol('met');

function isOurFile(file: string | null | undefined): boolean {
  const [, folder] = /^(.*)[\\/]build[\\/](?:index|preload[\\/]attach)\.js$/.exec(file ?? '') ?? [];
  return folder !== undefined && isOurs(folder);
}
