// Bundles src/main.ts and all it imports into dist/, which runs without node_modules. What is
// imported lazily stays in chunks of its own: the run from cron loads little more than main.js.
import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/**
 * @param {string} outdir is emptied first
 * @returns {Promise<import('esbuild').Metafile>} which file went into which chunk
 */
export async function bundle(outdir) {
  await rm(outdir, { recursive: true, force: true });
  const { metafile } = await build({
    entryPoints: ['src/main.ts'],
    outdir,
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
    metafile: true,
  });
  await chmod(join(outdir, 'main.js'), 0o755);
  return metafile;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await bundle('dist');
