// Knows: where the files of the package are. It is in this folder because `build/view/index.js` is one file: a path
// that is relative to a folder below would not be found from there.
// Must not know: what is in them.
import { resolve } from 'node:path';

/** The folder at the top of the package, beside `build`. */
export const PAGE_FOLDER = resolve(__dirname, '../../page');

export const REGISTER = resolve(__dirname, '../register.mjs');
