// Knows: the files of the page.
// Must not know: what is in them.
import { readdirSync, readFileSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { PAGE_FOLDER } from '../places';

export interface PageFile {
  readonly contentType: string;
  readonly content: Buffer | string;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** By path, read once. A path that is not in the map is not found, so no request can reach other files. */
export function readPage(): ReadonlyMap<string, PageFile> {
  const files = readdirSync(PAGE_FOLDER).flatMap((name): [string, PageFile][] => {
    const contentType = CONTENT_TYPES[extname(name)];
    if (contentType === undefined) return [];
    return [
      [name === 'index.html' ? '/' : `/${name}`, { contentType, content: readFileSync(resolve(PAGE_FOLDER, name)) }],
    ];
  });
  return new Map(files);
}
