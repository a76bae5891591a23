// Bundles src/main.ts and all it imports into dist/, which runs without node_modules. What is
// imported lazily stays in files of its own. CommonJS, for each ES module that Node resolves costs
// the run from cron a millisecond or two, and the loader of ES modules itself ten.
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'rolldown';

/** What a no-op apply needs, with all that these import at once, is one file. */
const HOT = /\/src\/cli\/(program|apply)\.ts$/;

/** `import text from './page.css?raw'`, as vitest has it, too. */
const RAW = {
  name: 'raw',
  load: {
    filter: { id: /\?raw$/ },
    handler: async (/** @type {string} */ id) => {
      const text = await readFile(id.slice(0, -'?raw'.length), 'utf8');
      return {
        code: `export default ${JSON.stringify(text)}`,
        moduleType: /** @type {const} */ ('js'),
      };
    },
  },
};

/**
 * @param {string} outdir is emptied first
 * @returns {Promise<Record<string, string[]>>} by absolute path of a file, the modules in it
 */
export async function bundle(outdir) {
  await rm(outdir, { recursive: true, force: true });
  const { output } = await build({
    input: 'src/main.ts',
    platform: 'node',
    logLevel: 'warn',
    plugins: [RAW],
    output: {
      dir: outdir,
      format: 'cjs',
      dynamicImportInCjs: false,
      entryFileNames: '[name].js',
      chunkFileNames: 'chunks/[name]-[hash].js',
      codeSplitting: { groups: [{ name: 'hot', test: HOT }] },
      // Names stay: they tell where an error comes from.
      minify: { compress: true, mangle: false },
      comments: false,
      banner: ({ isEntry }) => (isEntry ? '#!/usr/bin/env node' : ''),
    },
  });
  // Our own package.json makes modules of .js files.
  await writeFile(join(outdir, 'package.json'), '{"type":"commonjs"}\n');
  await chmod(join(outdir, 'main.js'), 0o755);
  return Object.fromEntries(
    output
      .filter((each) => each.type === 'chunk')
      .map(({ fileName, moduleIds }) => [
        resolve(outdir, fileName),
        moduleIds.map((id) => relative('', id)),
      ]),
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await bundle('dist');
