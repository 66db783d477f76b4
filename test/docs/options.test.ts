import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSettings } from '../../src/config';
import { OPTIONS, type Option, type OptionName, variableOf } from '../../src/config/options';
import { ROOT } from './markdown';
import { EXAMPLES } from './option-examples';

const page = readFileSync(join(ROOT, 'docs/options.md'), 'utf8');
const names = Object.keys(OPTIONS) as OptionName[];

function settingsOf(config: object, environment: Record<string, string> = {}): { text: string; reports: string[] } {
  const reports: string[] = [];
  const settings = readSettings(config, environment, (message) => reports.push(message));
  return { text: JSON.stringify(settings, (_key, value) => (typeof value === 'function' ? String(value) : value)), reports };
}

describe('the table of options', () => {
  it('is what the types, the page and the schema were made from', () => {
    execFileSync(process.execPath, ['--import', 'tsx', 'scripts/options.mjs', '--check'], { cwd: ROOT, stdio: 'pipe' });
  });

  for (const name of names) {
    const option: Option<unknown> = OPTIONS[name];
    it(`reads ${name}: its example is accepted and changes something`, () => {
      const { text, reports } = settingsOf({ [name]: EXAMPLES[name] });
      assert.deepEqual(reports, []);
      assert.notEqual(text, settingsOf({}).text);
    });

    it(`reads ${variableOf(name)}, or says that ${name} can be given in code only`, () => {
      const { text, reports } = settingsOf({}, { [variableOf(name)]: '\u0000' });
      // A list of names takes any text: it has read the variable when it changes something.
      assert.ok(reports.length === 1 || text !== settingsOf({}).text, 'the variable is not read');
      assert.equal(reports[0]?.includes('in code only') ?? false, option.kind.fromText === undefined, reports[0]);
      assert.equal(option.kind.schema === undefined, option.kind.fromText === undefined, 'JSON can say what a variable can');
    });
  }

  it('has a value of its own kind for a default', () => {
    for (const name of names) {
      const { kind, fallback }: Option<unknown> = OPTIONS[name];
      if (fallback !== undefined) assert.notEqual(kind.fromCode(fallback), undefined, name);
    }
  });
});

describe('the page on options', () => {
  it('has every variable that the instrumentation and its preloads read', () => {
    const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter(
      (file) => /\.ts$/.test(file) && !/^(cli|view|preload.view)\b/.test(file),
    );
    const variables = files.flatMap((file) => readFileSync(join(ROOT, 'src', file), 'utf8').match(/\bOTEL_[A-Z_]*[A-Z]\b/g) ?? []);
    const missing = [...new Set(variables)].filter((name) => !page.includes(`\`${name}\``));
    assert.deepEqual(missing, []);
  });
});
