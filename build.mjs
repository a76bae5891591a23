// Bundles src/main.ts and everything it imports into dist/, which runs without node_modules. Lazily
// imported modules stay in separate files. The format is CommonJS, because each ES module costs the
// run from cron one or two milliseconds, and the loader of ES modules itself ten.
import { chmod, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';
import { build } from 'rolldown';

/**
 * Modules that are loaded together, with their static imports, are one file: those of a no-op apply,
 * those of an apply with changes, and the checks before the changes.
 */
const GROUPS = [
  { name: 'hot', test: /\/src\/cli\/(program|stack\/apply)\.ts$/, priority: 2 },
  {
    name: 'work',
    test: /\/src\/(app\/apply-stack|cli\/interrupt|state\/(lock|store|bind-root))\.ts$/,
  },
  { name: 'preflight', test: /\/src\/(plan|kinds\/[a-z-]+)\/preflight\.ts$/ },
];

/** Bytes of a file from which on its compiled code is kept, too. */
const LARGE = 40_000;

/** Modules of Node that a no-op run does not need: loaded on first use. */
const LATE = ['node:crypto'];

const COMPOSE_NOTICE = new URL('schemas/compose-spec.NOTICE', import.meta.url);
const COMPOSE_LICENSE = new URL('schemas/compose-spec.LICENSE', import.meta.url);

/** `import text from './page.css?raw'`, as in vitest. */
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
 * What dockerode has for SSH and for BuildKit, which baleine uses neither of: most of its code, and native
 * parts.
 */
const UNUSED = /^(ssh2|@grpc\/grpc-js|@grpc\/proto-loader|protobufjs)$/;
const WITHOUT_UNUSED = {
  name: 'without-unused',
  resolveId: {
    filter: { id: UNUSED },
    handler: (/** @type {string} */ id) => `\0unused:${id}`,
  },
  load: {
    filter: { id: /^\0unused:/ },
    handler: () => ({ code: 'module.exports = {};', moduleType: /** @type {const} */ ('js') }),
  },
};

/**
 * @param {string} outdir its previous content is removed
 * @returns {Promise<Record<string, string[]>>} the modules in each file, by its absolute path
 */
export async function bundle(outdir) {
  await rm(outdir, { recursive: true, force: true });
  const { output } = await build({
    input: 'src/main.ts',
    platform: 'node',
    onwarn: ({ message }) => {
      throw new Error(message);
    },
    // a busy machine is no fault of the code
    checks: { bundlerTimings: false },
    plugins: [RAW, WITHOUT_UNUSED],
    output: {
      dir: outdir,
      format: 'cjs',
      dynamicImportInCjs: false,
      entryFileNames: '[name].js',
      chunkFileNames: 'chunks/[name]-[hash].js',
      codeSplitting: { groups: GROUPS },
      // Stack traces need the names.
      minify: { compress: true, mangle: false },
      comments: false,
      banner: ({ isEntry }) => (isEntry ? '#!/usr/bin/env node' : ''),
    },
  });
  // The package.json of the repository declares .js files ES modules.
  await writeFile(join(outdir, 'package.json'), '{"type":"commonjs"}\n');
  await chmod(join(outdir, 'main.js'), 0o755);
  const chunks = output.filter((each) => each.type === 'chunk');
  await writeLicenses(
    join(outdir, 'LICENSES.txt'),
    chunks.flatMap(({ moduleIds }) => moduleIds),
  );
  return Object.fromEntries(
    await Promise.all(
      chunks.map(async ({ name, fileName, moduleIds }) => {
        const file = resolve(outdir, fileName);
        const isLarge = (await stat(file)).size > LARGE;
        const code = name === 'hot' || isLarge ? await precompile(file) : file;
        return [code, moduleIds.map((id) => relative('', id))];
      }),
    ),
  );
}

/**
 * The licenses of what is in the bundle ask to be passed on with it.
 *
 * @param {string} file
 * @param {readonly string[]} moduleIds
 */
async function writeLicenses(file, moduleIds) {
  const roots = moduleIds.flatMap(
    (id) => /^.*\/node_modules\/(@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? [],
  );
  const packages = [...new Set(roots)].sort().map(async (root) => {
    const { name, version, license, author } = JSON.parse(
      await readFile(join(root, 'package.json'), 'utf8'),
    );
    const title = `${name} ${version}`;
    const file = (await readdir(root)).find((each) => /^licen[cs]e/i.test(each));
    if (file !== undefined) return section(title, await readFile(join(root, file), 'utf8'));
    if (!license || !author) throw new Error(`${name} does not say what its license is`);
    return section(title, `${license} license, ${author.name ?? author}`);
  });
  const specification = [
    section(
      'compose-spec.json, of which the checks of compose files are made',
      await readFile(COMPOSE_NOTICE, 'utf8'),
    ),
    section('its license', await readFile(COMPOSE_LICENSE, 'utf8')),
  ];
  await writeFile(file, (await Promise.all([...packages, ...specification])).join('\n'));
}

/**
 * @param {string} title
 * @param {string} text
 */
const section = (title, text) => `${title}\n${'='.repeat(title.length)}\n\n${text.trim()}\n`;

/**
 * Moves the code of a file to another file, with V8's compiled code beside it: compiling it would take
 * a fifth of a run from cron, and of a plan with changes. Another version of V8 rejects the compiled code (`cachedData` of
 * vm.Script) and compiles the source.
 *
 * @param {string} file will only load the other one
 * @returns {Promise<string>} the other one
 */
async function precompile(file) {
  const code = file.replace(/\.js$/, '.code.js');
  const body = inAscii(await withRuntime(await readFile(file, 'utf8'), dirname(file)));
  const text = `(function (exports, require, module, __filename, __dirname) { ${body}\n})`;
  // otherwise functions are compiled on their first call
  setFlagsFromString('--no-lazy');
  const script = new Script(text, { filename: code });
  // the flags are part of the compiled code, and must be as in the run
  setFlagsFromString('--lazy');
  await writeFile(code, text);
  await writeFile(cacheOf(code), script.createCachedData());
  await writeFile(file, loaderOf(basename(code)));
  return code;
}

/**
 * Inlines the bundler's runtime, which is a file that all others load: saves a millisecond.
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
 * Escapes all characters but ASCII, which occur only in strings and patterns: V8 then needs half the
 * memory and no decoding.
 *
 * @param {string} code
 */
const inAscii = (code) =>
  code.replace(/[^\0-\x7f]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`);

/**
 * Compiled code is valid only for the V8 that made it, so its name has the version.
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
