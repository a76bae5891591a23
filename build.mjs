// Bundles src/main.ts and all it imports into dist/, which runs without node_modules. What is
// imported lazily stays in files of its own. CommonJS, for each ES module that Node resolves costs
// the run from cron a millisecond or two, and the loader of ES modules itself ten.
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';
import { build } from 'rolldown';

/**
 * What is loaded together, with all that each imports at once, is one file: what a no-op apply needs,
 * what one needs that has something to do, and the checks before that.
 */
const GROUPS = [
  { name: 'hot', test: /\/src\/cli\/(program|stack\/apply)\.ts$/, priority: 2 },
  {
    name: 'work',
    test: /\/src\/(app\/apply-stack|cli\/interrupt|state\/(lock|store|bind-root))\.ts$/,
  },
  { name: 'preflight', test: /\/src\/(plan|kinds\/[a-z-]+)\/preflight\.ts$/ },
];

/** Of Node's own, what a no-op run can do without: loaded when something of it is used. */
const LATE = ['node:crypto'];

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
    onwarn: ({ message }) => {
      throw new Error(message);
    },
    plugins: [RAW],
    output: {
      dir: outdir,
      format: 'cjs',
      dynamicImportInCjs: false,
      entryFileNames: '[name].js',
      chunkFileNames: 'chunks/[name]-[hash].js',
      codeSplitting: { groups: GROUPS },
      // Names stay: they tell where an error comes from.
      minify: { compress: true, mangle: false },
      comments: false,
      banner: ({ isEntry }) => (isEntry ? '#!/usr/bin/env node' : ''),
    },
  });
  // Our own package.json makes modules of .js files.
  await writeFile(join(outdir, 'package.json'), '{"type":"commonjs"}\n');
  await chmod(join(outdir, 'main.js'), 0o755);
  const chunks = output.filter((each) => each.type === 'chunk');
  return Object.fromEntries(
    await Promise.all(
      chunks.map(async ({ name, fileName, moduleIds }) => {
        const file = resolve(outdir, fileName);
        const code = name === 'hot' ? await precompile(file) : file;
        return [code, moduleIds.map((id) => relative('', id))];
      }),
    ),
  );
}

/**
 * Moves what is in a file to another one, and puts beside that what V8 makes of it: to compile it would
 * take the run from cron a fifth of its time. Another version of V8 refuses that (`cachedData` of
 * vm.Script) and compiles it anew.
 *
 * @param {string} file from now on only loads the other one
 * @returns {Promise<string>} the other one
 */
async function precompile(file) {
  const code = file.replace(/\.js$/, '.code.js');
  const body = inAscii(await withRuntime(await readFile(file, 'utf8'), dirname(file)));
  const text = `(function (exports, require, module, __filename, __dirname) { ${body}\n})`;
  // else functions are compiled when they are first called
  setFlagsFromString('--no-lazy');
  const script = new Script(text, { filename: code });
  // what it is made with is part of it, and must be as in the run
  setFlagsFromString('--lazy');
  await writeFile(code, text);
  await writeFile(cacheOf(code), script.createCachedData());
  await writeFile(file, loaderOf(basename(code)));
  return code;
}

/**
 * With the bundler's own part in it, which is a file that all others load: a millisecond.
 *
 * @param {string} code
 * @param {string} dir
 */
async function withRuntime(code, dir) {
  const [load, name] = /require\("\.\/(rolldown-runtime-[^"]+)"\)/.exec(code) ?? [];
  if (load === undefined || name === undefined) return code;
  const runtime = await readFile(join(dir, name), 'utf8');
  return code.replace(load, () => `(function (exports) { ${runtime}\nreturn exports; })({})`);
}

/**
 * With an escape for each other character, which our code has in strings and patterns alone: V8 holds
 * that in half the memory, and it is read without being decoded.
 *
 * @param {string} code
 */
const inAscii = (code) =>
  code.replace(/[^\0-\x7f]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`);

/**
 * What one V8 made is nothing to another one.
 *
 * @param {string} code
 */
export const cacheOf = (code) => `${code}.${process.arch}-${process.versions.v8}`;

/** @param {string} code name of a file in the same folder */
const loaderOf = (code) => `'use strict';
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');
const LATE = ${JSON.stringify(LATE)};
const cacheOf = ${cacheOf};
const filename = join(__dirname, ${JSON.stringify(code)});
let cachedData;
try {
  if (process.env.BALEINE_FAST_PATH !== '0') cachedData = readFileSync(cacheOf(filename));
} catch {}
const script = new Script(readFileSync(filename, 'latin1'), { filename, cachedData });
const lazily = (name) =>
  LATE.includes(name) ? new Proxy({}, { get: (_, key) => require(name)[key] }) : require(name);
script.runInThisContext()(exports, lazily, module, filename, __dirname);
`;

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await bundle('dist');
