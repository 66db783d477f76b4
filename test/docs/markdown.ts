// Knows: which pages of Markdown there are, and what code and which links stand in them.
// Must not know: what is done with a block.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import MarkdownIt from 'markdown-it';

export const ROOT = resolve(__dirname, '../..');

/** Whole folders, and the pages of the top level. */
const FOLDERS = ['docs', 'examples', 'deploy', 'dashboards'];

export interface Block {
  /** `README.md:12`: where its fence is. */
  readonly where: string;
  readonly language: string;
  /** What stands behind the language: `sh run=nothing`. */
  readonly directives: readonly string[];
  readonly code: string;
}

export interface Page {
  /** From the root, with slashes. */
  readonly path: string;
  readonly blocks: readonly Block[];
  /** Targets of links and images, as written. */
  readonly links: readonly string[];
  /** PromQL in a line of text. */
  readonly queries: readonly string[];
  /** The names its headings have in links. */
  readonly anchors: readonly string[];
}

export function pages(): Page[] {
  const top = readdirSync(ROOT).filter((name) => name.endsWith('.md'));
  return [...top, ...FOLDERS.flatMap(pagesIn)].map(read);
}

function pagesIn(folder: string): string[] {
  try {
    const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
    return names.filter((name) => name.endsWith('.md') && !name.includes('node_modules')).map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function read(file: string): Page {
  const path = relative(ROOT, join(ROOT, file)).split(sep).join('/');
  const tokens = new MarkdownIt({ html: true }).parse(readFileSync(join(ROOT, file), 'utf8'), {});
  const inline = tokens.flatMap((token) => token.children ?? []);
  return {
    path,
    blocks: tokens
      .filter(({ type }) => type === 'fence' || type === 'code_block')
      .map((token) => {
        const [language = '', ...directives] = token.info.trim().split(/\s+/);
        return { where: `${path}:${(token.map?.[0] ?? 0) + 1}`, language, directives, code: token.content };
      }),
    links: inline.flatMap((token) => token.attrGet('href') ?? token.attrGet('src') ?? []).map(String),
    queries: inline.filter(({ type, content }) => type === 'code_inline' && /\[5m\]|^sum by /.test(content)).map(({ content }) => content),
    anchors: tokens.flatMap((token, index) => (token.type === 'heading_open' ? anchorOf(tokens[index + 1]?.content ?? '') : [])),
  };
}

/** As GitHub makes them. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}
