import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative, resolve, sep } from 'node:path';

const SOURCE = resolve(__dirname, '../src');

/** Who may import whom. A room is a folder of src, or a file directly in it. */
const MAY: Record<string, readonly string[]> = {
  core: [],
  catalog: ['core'],
  insights: ['core', 'catalog'],
  propagation: ['core', 'catalog'],
  adapters: ['core', 'type config'],
  recorders: ['core', 'catalog', 'insights', 'type config'],
  config: ['core', 'catalog'],
  version: [],
  base: [],
  status: ['core'],
  providers: ['core', 'version'],
  instrumentation: [
    'base',
    'core',
    'catalog',
    'insights',
    'propagation',
    'adapters',
    'recorders',
    'config',
    'providers',
    'status',
    'version',
  ],
  preload: ['instrumentation', 'type config', 'status', 'version'],
  index: ['instrumentation', 'type config', 'type catalog'],
  hook: ['preload'],
  register: ['preload'],
  // Nobody may import it, so that it costs no start-up.
  cli: ['version', 'adapters', 'preload', 'status', 'view'],
  view: ['core', 'catalog', 'version'],
};

/** Names of the API that a room may use; undefined: all. */
const API: Record<string, readonly string[]> = {
  catalog: [],
  insights: [],
  propagation: ['Context', 'ROOT_CONTEXT', 'propagation'],
  // Where a call came from is theirs to keep; spans and meters are not.
  adapters: ['Context', 'ROOT_CONTEXT', 'context'],
};

/** Packages that one file alone uses. */
const ONLY: Record<string, string> = {
  shimmer: 'adapters/shared/patch.ts',
  '@opentelemetry/semantic-conventions': 'core/semconv.ts',
};

interface Import {
  readonly from: string;
  readonly isType: boolean;
  readonly names: readonly string[];
}

interface Source {
  readonly path: string;
  readonly room: string;
  readonly code: string;
  readonly imports: readonly Import[];
}

function sources(): Source[] {
  const names = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((name) => /\.m?ts$/.test(name));
  return names.map((name) => {
    const path = name.split(sep).join('/');
    const code = withoutComments(readFileSync(join(SOURCE, name), 'utf8'));
    return { path, room: roomOf(path), code, imports: importsOf(code) };
  });
}

function withoutComments(code: string): string {
  return code
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '')
    .replace(/\s\/\/ .*$/gm, '');
}

function roomOf(path: string): string {
  return path.replace(/(\/.*|\.m?ts)$/, '');
}

function importsOf(code: string): Import[] {
  const declared = [...code.matchAll(/^(?:import|export)\s+(type\s+)?(?:([^;'"]*?)\s+from\s+)?'([^']+)'/gm)].map(
    ([, type, clause, from]) => {
      const names = namesOf(clause ?? '');
      const isType = type !== undefined || (names.length > 0 && names.every((name) => name.startsWith('type ')));
      return { from: from ?? '', isType, names: names.map((name) => name.replace(/^type /, '')) };
    },
  );
  const called = [...code.matchAll(/\b(?:require|import)\(\s*'([^']+)'\s*\)/g)].map(([, from]) => ({
    from: from ?? '',
    isType: false,
    names: [],
  }));
  return [...declared, ...called];
}

function namesOf(clause: string): string[] {
  const list = /\{([^}]*)\}/.exec(clause)?.[1] ?? '';
  return list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** The room a relative import leads to; undefined for a package. */
function target({ path }: Source, { from }: Import): string | undefined {
  if (!from.startsWith('.')) return undefined;
  return roomOf(posix.join(posix.dirname(path), from).replace(/\.m?js$/, ''));
}

/** Every import, as a line that says what is wrong with it. */
function wrong(check: (source: Source, imported: Import) => boolean): string[] {
  return sources().flatMap((source) =>
    source.imports.filter((imported) => check(source, imported)).map(({ from }) => `${source.path} imports ${from}`),
  );
}

/** Every line of code in which a pattern stands. */
function lines(pattern: RegExp, isExempt: (source: Source) => boolean): string[] {
  return sources()
    .filter((source) => !isExempt(source))
    .flatMap(({ path, code }) =>
      code
        .split('\n')
        .filter((line) => pattern.test(line))
        .map((line) => `${path}: ${line.trim()}`),
    );
}

describe('module boundaries', () => {
  it('has exactly the modules of the map', () => {
    const unknown = sources()
      .filter(({ room }) => MAY[room] === undefined)
      .map(({ path }) => path);
    assert.deepEqual(unknown, []);
  });

  it('lets each module import only what the map allows', () => {
    const found = wrong((source, imported) => {
      const room = target(source, imported);
      if (room === undefined || room === source.room) return false;
      const allowed = MAY[source.room] ?? [];
      return !allowed.includes(room) && !(imported.isType && allowed.includes(`type ${room}`));
    });
    assert.deepEqual(found, []);
  });

  it('keeps spans and meters out of adapters, catalog and insights', () => {
    const found = wrong(({ room }, { from, names }) => {
      const allowed = API[room];
      if (allowed === undefined || !from.startsWith('@opentelemetry/')) return false;
      return from !== '@opentelemetry/api' || names.length === 0 || names.some((name) => !allowed.includes(name));
    });
    assert.deepEqual(found, []);
  });

  it('uses each package only where it belongs, and redis nowhere', () => {
    const found = wrong(({ path }, { from }) => {
      if (/^(redis|@redis\/|@node-redis\/)/.test(from)) return true;
      return ONLY[from] !== undefined && ONLY[from] !== path;
    });
    assert.deepEqual(found, []);
  });

  it('spells attributes and metrics in one file', () => {
    // The options that choose among attributes name them too; and Node.js has a channel that looks like one.
    const found = lines(
      /['"`](?!net\.client\.socket)(db|cache|messaging|server|network|error|net)\.[a-z]/,
      ({ path, room }) => path === 'core/semconv.ts' || room === 'config',
    );
    assert.deepEqual(found, []);
  });

  it('names versions and modules of redis only in the adapters', () => {
    const found = lines(/@redis\b|@node-redis\b/, ({ room }) => room === 'adapters');
    assert.deepEqual(found, []);
  });

  it('names no client library in the shared part of the adapters', () => {
    const isShared = ({ path }: Source) => path.startsWith('adapters/shared/');
    const imported = wrong((source, { from }) => isShared(source) && /^\.\.\/(?!\.\.\/)/.test(from));
    assert.deepEqual(imported, []);
    assert.deepEqual(
      lines(/node-redis|ioredis|iovalkey/, (source) => !isShared(source)),
      [],
    );
  });

  it('has no line over 120 columns', () => {
    const long = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.m?ts$/.test(name))
      .flatMap((name) =>
        readFileSync(join(SOURCE, name), 'utf8')
          .split('\n')
          .flatMap((line, index) => (line.length > 120 ? `${name}:${index + 1}` : [])),
      );
    assert.deepEqual(long, []);
  });

  it('begins every file with what it knows', () => {
    const silent = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !['index.ts', 'version.ts'].includes(name))
      .filter((name) => !/^(#!.*\n)?\/\/ Knows: /.test(readFileSync(join(SOURCE, name), 'utf8')))
      .map((name) => relative(SOURCE, join(SOURCE, name)));
    assert.deepEqual(silent, []);
  });
});
