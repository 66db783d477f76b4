import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { readSettings } from '../../src/config';
import * as semconv from '../../src/core/semconv';

const ROOT = resolve(__dirname, '../..');
const readme = readFileSync(resolve(ROOT, 'README.md'), 'utf8');

interface Option {
  readonly name: string;
  readonly default: string;
}

/** The options as their declaration has them, doc comment included. */
function declaredOptions(): Option[] {
  const source = readFileSync(resolve(ROOT, 'src/config.ts'), 'utf8');
  const body = /interface RedisInstrumentationConfig[^{]*\{([\s\S]*?)\n\}/.exec(source)?.[1] ?? '';
  return [...body.matchAll(/\/\*\*([\s\S]*?)\*\/\s+(\w+)\?:/g)].map(([, comment = '', name = '']) => {
    const value = /Default:? (?:`([^`]+)`|(none)\b)/.exec(comment);
    return { name, default: value?.[1] ?? value?.[2] ?? 'described' };
  });
}

/** The cells of the README's row that begins with this code. */
function rowOf(name: string): string[] | undefined {
  const line = readme.split('\n').find((candidate) => candidate.startsWith(`| \`${name}\` |`));
  return line?.split(' | ').map((cell) => cell.replaceAll('`', '').trim());
}

describe('the README', () => {
  it('has every option with its default', () => {
    const options = declaredOptions();
    assert.ok(options.length > 0);
    for (const option of options) {
      const cell = rowOf(option.name)?.[2];
      assert.ok(cell !== undefined, `${option.name} is missing`);
      if (option.default !== 'described') assert.equal(cell, option.default, option.name);
    }
  });

  it('has no option that does not exist', () => {
    const table = /## Options([\s\S]*?)\n## /.exec(readme)?.[1] ?? '';
    const rows = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
    assert.deepEqual(
      rows,
      declaredOptions().map(({ name }) => name),
    );
  });

  it('names the variables that are read, and says which options have none', () => {
    for (const { name } of declaredOptions()) {
      const cell = rowOf(name)?.[1] ?? '';
      const variable = cell === 'code only' ? `OTEL_INSTRUMENTATION_REDIS_${name.replace(/[A-Z]/g, '_$&').toUpperCase()}` : cell;
      const messages: string[] = [];
      readSettings({}, { [variable]: '\u0000' }, (message) => messages.push(message));
      // A list of names takes any text: it has read the variable when there are names.
      const { operation, insights, propagation } = readSettings({}, { [variable]: '\u0000' }, () => {});
      const isPropagated = propagation.channels.length + propagation.streams.length > 0;
      if (operation.isIgnored !== undefined || insights.isLockKey !== undefined || isPropagated) continue;
      assert.equal(messages.length, 1, `${variable} is not read`);
      assert.equal(messages[0]?.includes('in code only'), cell === 'code only', messages[0]);
    }
  });

  it('and the pages of spans and metrics have every attribute and metric', () => {
    const names = Object.entries(semconv).filter(([key]) => /^(ATTR|METRIC)_/.test(key));
    const text = [readme, ...['docs/spans.md', 'docs/metrics.md'].map((page) => readFileSync(resolve(ROOT, page), 'utf8'))].join('\n');
    const missing = names.filter(([, name]) => !text.includes(`\`${name}\``)).map(([, name]) => name);
    assert.deepEqual(missing, []);
  });
});
