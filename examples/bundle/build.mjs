// node examples/bundle/build.mjs [file]
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (file) => fileURLToPath(new URL(file, import.meta.url));

await build({
  entryPoints: [here('app.mjs')],
  outfile: process.argv[2] ?? here('build/app.cjs'),
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'cjs',
});
