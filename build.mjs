// Bundles src/main.ts and all it imports into dist/, which runs without node_modules. What is
// imported lazily stays in chunks of its own: the run from cron loads little more than main.js.
import { chmod, rm } from 'node:fs/promises';
import { build } from 'esbuild';

await rm('dist', { recursive: true, force: true });
await build({
  entryPoints: ['src/main.ts'],
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  chunkNames: 'chunks/[name]-[hash]',
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  banner: {
    // CommonJS packages in the bundle require() Node's own modules only; esbuild gives them the
    // `require` it finds in scope. The hashbang is main.js's, and a comment in a chunk.
    js: '#!/usr/bin/env node\nconst require=process.getBuiltinModule;',
  },
  logLevel: 'warning',
});
await chmod('dist/main.js', 0o755);
