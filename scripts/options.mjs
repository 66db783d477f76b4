// Writes what the table of options says: its types, its page and its JSON schema. With --check it only compares.
// Run by `npm run options`.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OPTIONS, SECTIONS, variableOf } from '../src/config/options.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const options = Object.entries(OPTIONS);

const isCodeOnly = ({ kind }) => kind.fromText === undefined;

function defaultOf({ fallback, fallbackText }) {
  if (fallbackText !== undefined) return fallbackText;
  if (fallback === undefined || (Array.isArray(fallback) && fallback.length === 0)) return 'none';
  return `\`${fallback}\``;
}

/** Text in lines of at most `width` characters. */
function wrap(text, width) {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}

function typeMember([name, option]) {
  const texts = [...wrap(`${option.meaning} Default: ${defaultOf(option)}.`, 110), `@example ${name}: ${option.example}`];
  return ['  /**', ...texts.map((line) => `   * ${line}`), '   */', `  ${name}?: ${option.kind.type};`].join('\n');
}

function types() {
  return `// Knows: the options as an application sees them. Made from options.ts by \`npm run options\`; change them there.
// Must not know: how an option is read, what it changes.
import type { Span } from '@opentelemetry/api';
import type { InstrumentationConfig } from '@opentelemetry/instrumentation';
import type { KeyMode } from '../catalog/keys';
import type {
${usedValues()
  .map((name) => `  ${name},\n`)
  .join('')}} from './values';

/**
 * Options of {@link RedisInstrumentation}. Except for functions, each can also be given by the environment variable
 * \`OTEL_INSTRUMENTATION_REDIS_<NAME_IN_UPPER_SNAKE_CASE>\`; code wins. A value of the wrong type is
 * reported once through \`diag\` and the default is used.
 */
export interface RedisInstrumentationConfig extends InstrumentationConfig {
${options.map(typeMember).join('\n')}
}

/** Makes \`db.query.text\` of a command. */
export type DbStatementSerializer = NonNullable<RedisInstrumentationConfig['dbStatementSerializer']>;

/** Adds attributes of the user's own to a span, from the reply of the command. */
export type RedisResponseCustomAttributeFunction = NonNullable<RedisInstrumentationConfig['responseHook']>;
`;
}

/** The types of values.ts that some option has. */
function usedValues() {
  const declared = readFileSync(join(ROOT, 'src/config/values.ts'), 'utf8').matchAll(/^export (?:type|interface) (\w+)/gm);
  const names = [...declared].map(([, name]) => name).sort();
  return names.filter((name) => options.some(([, { kind }]) => new RegExp(`\\b${name}\\b`).test(kind.type)));
}

function row([name, option]) {
  const variable = isCodeOnly(option) ? 'code only' : `\`${variableOf(name)}\``;
  const meaning = option.more === undefined ? option.meaning : `${option.meaning} See ${option.more}.`;
  return `| \`${name}\` | ${variable} | ${defaultOf(option)} | ${meaning.replaceAll('|', '\\|')} |`;
}

const HEAD = '| Option | Environment | Default | Meaning |\n| --- | --- | --- | --- |';

function tables() {
  const sections = Object.entries(SECTIONS).map(([section, title]) => {
    const rows = options.filter(([, option]) => option.section === section).map(row);
    return `## ${title}\n\n${HEAD}\n${rows.join('\n')}`;
  });
  return sections.join('\n\n');
}

const BEGIN = '<!-- Made from src/config/options.ts by `npm run options`. -->';
const END = '<!-- End of what is made. -->';

function page(current) {
  const [before, rest = ''] = current.split(BEGIN);
  const after = rest.slice(rest.indexOf(END));
  return `${before}${BEGIN}\n\n${tables()}\n\n${after}`;
}

function schema() {
  const properties = options
    .filter(([, { kind }]) => kind.schema !== undefined)
    .map(([name, option]) => {
      const { kind, fallback, meaning } = option;
      return [name, { description: meaning, ...kind.schema, ...(fallback === undefined ? {} : { default: fallback }) }];
    });
  const all = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Options of opentelemetry-instrumentation-redis that are no functions',
    type: 'object',
    properties: {
      enabled: { description: 'Whether redis is patched at all.', type: 'boolean', default: true },
      ...Object.fromEntries(properties),
    },
    additionalProperties: false,
  };
  return `${JSON.stringify(all, null, 2)}\n`;
}

function examples() {
  return `// An example of every option, for the compiler to check. Made from src/config/options.ts by \`npm run options\`.
import type { RedisInstrumentationConfig } from '../../src';

// biome-ignore format: it is made by a script
export const EXAMPLES = {
${options.map(([name, { example }]) => `  ${name}: ${example},`).join('\n')}
} satisfies RedisInstrumentationConfig;
`;
}

const MADE = [
  ['src/config/public.ts', types],
  ['docs/options.md', page],
  ['options.schema.json', schema],
  ['test/docs/option-examples.ts', examples],
];

const isCheck = process.argv.includes('--check');
for (const [file, make] of MADE) {
  const path = join(ROOT, file);
  let current = '';
  try {
    current = readFileSync(path, 'utf8');
  } catch {}
  const made = make(current);
  if (made === current) continue;
  if (isCheck) {
    console.error(`${file} is not what src/config/options.ts says: npm run options`);
    process.exitCode = 1;
  } else writeFileSync(path, made);
}
