import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSettings } from '../../src/config';
import { ROOT } from './markdown';

const page = readFileSync(join(ROOT, 'docs/options.md'), 'utf8');
const source = readFileSync(join(ROOT, 'src/config.ts'), 'utf8');

interface Option {
  readonly name: string;
  readonly default: string;
}

/** As their declaration has them: what it says of a default is its own, or described in words. */
function declared(): Option[] {
  const body = /interface RedisInstrumentationConfig[^{]*\{([\s\S]*?)\n\}/.exec(source)?.[1] ?? '';
  return [...body.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s+(\w+)\?:/g)].map(([, comment = '', name = '']) => {
    const value = /Default:? (?:`([^`]+)`|(none)\b)/.exec(comment);
    return { name, default: value?.[1] ?? value?.[2] ?? '' };
  });
}

/** As they are read: the value that is used when nothing is given. */
function read(): Option[] {
  const calls = [...source.matchAll(/\bread\(\s*'(\w+)',\s*(?:functionOf<.*>\(\)|[A-Z_]+),\s*([^\n]+?)\)[,;)\]]/g)];
  return calls.map(([, name = '', fallback = '']) => ({ name, default: inWords(fallback.replace(/\)+$/, '')) }));
}

function inWords(code: string): string {
  if (code === '[]' || code === 'undefined') return 'none';
  // Of a choice by the environment, what there is without it.
  return (code.split(' : ').at(-1) ?? code).replace(/['_]/g, '');
}

/** As the page has them. */
function documented(): (Option & { readonly variable: string })[] {
  const table = page.slice(0, page.indexOf('## Switches'));
  return [...table.matchAll(/^\| `(\w+)` \| (.+?) \| (.+?) \|/gm)].map(([, name = '', variable = '', value = '']) => {
    return { name, variable: variable.replaceAll('`', ''), default: value.replaceAll('`', '') };
  });
}

const byName = (options: readonly Option[]): Option[] => [...options].sort((first, second) => (first.name < second.name ? -1 : 1));

describe('the page on options', () => {
  it('has every option that is declared, in that order, and every one is read', () => {
    const names = declared().map(({ name }) => name);
    assert.ok(names.length > 0);
    assert.deepEqual(
      documented().map(({ name }) => name),
      names,
    );
    assert.deepEqual(
      byName(read()).map(({ name }) => name),
      [...names].sort(),
    );
  });

  it('has the defaults that are used', () => {
    const known = documented().filter(({ name }) => name !== 'spanName');
    const used = new Map(read().map((option) => [option.name, option.default]));
    assert.deepEqual(
      known.map((option) => [option.name, option.default]),
      known.map(({ name }) => [name, used.get(name)]),
    );
  });

  it('has the defaults that the declarations promise', () => {
    const promised = declared().filter((option) => option.default !== '');
    const shown = new Map(documented().map((option) => [option.name, option.default]));
    assert.deepEqual(
      promised.map(({ name }) => [name, shown.get(name)]),
      promised.map((option) => [option.name, option.default]),
    );
  });

  it('names the variables that are read, and says which options have none', () => {
    for (const { name, variable: cell } of documented()) {
      const variable = `OTEL_INSTRUMENTATION_REDIS_${name.replace(/[A-Z]/g, '_$&').toUpperCase()}`;
      const isCodeOnly = cell === 'code only';
      if (!isCodeOnly) assert.equal(cell, variable);
      const messages: string[] = [];
      const settings = readSettings({}, { [variable]: '\u0000' }, (message) => messages.push(message));
      // A list of names takes any text: it has read the variable when it changes something.
      const isRead = messages.length === 1 || show(settings) !== show(readSettings({}, {}, () => {}));
      assert.ok(isRead, `${variable} is not read`);
      assert.equal(messages[0]?.includes('in code only') ?? false, isCodeOnly, messages[0]);
    }
  });

  it('has every variable that the instrumentation and its preloads read', () => {
    const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter(
      (file) => /\.ts$/.test(file) && !/^(cli|view)\b/.test(file),
    );
    const names = files.flatMap((file) => readFileSync(join(ROOT, 'src', file), 'utf8').match(/\bOTEL_[A-Z_]*[A-Z]\b/g) ?? []);
    const missing = [...new Set(names)].filter((name) => !page.includes(`\`${name}\``));
    assert.deepEqual(missing, []);
  });
});

function show(settings: object): string {
  return JSON.stringify(settings, (_key, value: unknown) => (typeof value === 'function' ? 'a function' : value));
}
