import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cruise, type ICruiseOptions, type ICruiseResult } from 'dependency-cruiser';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { KINDS } from '../src/model/address.js';

const RULES = createRequire(import.meta.url)('../.dependency-cruiser.cjs');

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'imports-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Every violation in a tree of files, as `rule: from → to`. */
async function violations(files: Record<string, string>): Promise<string[]> {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  const { tsConfig: _, ...options } = RULES.options as ICruiseOptions & { tsConfig: unknown };
  const { output } = await cruise(['src'], {
    ...options,
    baseDir: dir,
    validate: true,
    ruleSet: { forbidden: RULES.forbidden },
  });
  return (output as ICruiseResult).summary.violations
    .map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`)
    .sort();
}

/** A module that imports these, and exports something itself. */
const module = (...paths: string[]) =>
  [...paths.map((path) => `import '${path}';`), 'export const all = 1;', ''].join('\n');
const typed = (path: string) => `export type { all as T${path.length} } from '${path}';\n`;

/** A tree in which each folder imports all it may. */
const GOOD: Record<string, string> = {
  'package.json': '{"devDependencies": {"commander": "14", "execa": "9", "vitest": "4"}}',
  'node_modules/commander/package.json': '{"name": "commander", "main": "index.js"}',
  'node_modules/commander/index.js': '',
  'node_modules/execa/package.json': '{"name": "execa", "main": "index.js"}',
  'node_modules/execa/index.js': '',
  'node_modules/vitest/package.json': '{"name": "vitest", "main": "index.js"}',
  'node_modules/vitest/index.js': '',
  'src/main.ts': `${module('./cli/run.js')}await import('./cli/lazy.js');\n`,
  'src/cli/run.ts': module('../app/index.js'),
  'src/app/index.ts': module(
    './fast-path/index.js',
    '../kinds/desired.js',
    ...[
      'config',
      'convert',
      'swarm',
      'host/docker',
      'cron',
      'execute',
      'formats',
      'plan',
      'state',
      'view',
      'kinds',
      'host/linux',
    ].map((name) => `../${name}/index.js`),
  ),
  'src/app/fast-path/index.ts': module('./cache.js'),
  'src/app/fast-path/cache.ts': module('../../state/files-fingerprint.js'),
  'src/state/files-fingerprint.ts': module(),
  'src/cli/lazy.ts': module(
    'commander',
    '../view/open.js',
    '../model/a.js',
    '../model/c.js',
    '../view/value.js',
  ),
  'src/model/a.ts': module('node:crypto', 'node:path', './b.js', './specs.js'),
  'src/model/specs.ts': module(),
  'src/model/b.ts': module(),
  'src/model/c.ts': typed('../kinds/container/keys/index.js'),
  'src/execute/index.ts': module('../model/a.js'),
  'src/config/index.ts': module('../model/a.js', 'node:fs'),
  'src/convert/index.ts': module('../model/a.js', '../config/index.js', '../farm/haproxy.js'),
  'src/farm/haproxy.ts': module('../model/a.js'),
  'src/cron/index.ts': module('../model/a.js'),
  'src/swarm/index.ts': module('../model/a.js', '../kinds/kind.js', '../host/ports.js'),
  'src/host/docker/index.ts': module('../ports.js', '../../model/a.js'),
  'src/farm/index.ts': module('../model/a.js', '../kinds/desired-context.js'),
  'src/state/index.ts': module('../model/a.js', './lock.js'),
  'src/state/lock.ts': module('../host/linux/process/flock.js'),
  'src/formats/index.ts': module(
    '../model/a.js',
    '../config/index.js',
    '../kinds/container/keys/index.js',
    '../farm/keys.js',
  ),
  'src/view/index.ts': module('../model/a.js'),
  'src/view/open.ts': module(),
  'src/view/value.ts': module(),
  'src/plan/index.ts':
    module('../model/a.js') + typed('../host/ports.js') + typed('../kinds/kind.js'),
  'src/host/ports.ts': module('../model/a.js'),
  'src/host/linux/index.ts': module('../../model/a.js', '../ports.js', './process/run.js'),
  'src/host/linux/process/run.ts': module('node:child_process', 'execa'),
  'src/host/linux/process/flock.ts': module('child_process'),
  'src/kinds/kind.ts': module('../host/ports.js', '../model/a.js'),
  'src/kinds/index.ts': module('./bridge/index.js', './image/index.js'),
  'src/kinds/desired.ts': module('./bridge/desired.js', '../farm/index.js'),
  'src/kinds/desired-context.ts': module('../model/a.js'),
  'src/kinds/bridge/desired.ts': module('../../model/a.js', '../desired-context.js'),
  'src/kinds/bridge/index.ts': module(
    '../../model/a.js',
    '../../host/ports.js',
    '../kind.js',
    './keys.js',
  ),
  'src/kinds/image/index.ts': module('../kind.js', './own.js'),
  'src/kinds/image/own.ts': module(),
  'src/kinds/container/keys/index.ts': module(
    '../../../model/a.js',
    '../../../config/index.js',
    '../../key.js',
  ),
  'src/kinds/key.ts': module('../config/index.js'),
  'src/kinds/bridge/keys.ts': module('../key.js'),
  'src/farm/keys.ts': module('../config/index.js', '../kinds/key.js'),
};

it('accepts a tree that follows the rules', async () => {
  expect(await violations(GOOD)).toEqual([]);
});

/** One line more in one file of it, and the one rule it breaks. */
const BAD: [rule: string, file: string, path: string][] = [
  ['model-alone', 'src/model/b.ts', '../view/value.js'],
  ['model-alone', 'src/model/b.ts', 'node:fs'],
  ['model-alone', 'src/model/b.ts', 'node:fs/promises'],
  ['model-types-of-keys', 'src/model/c.ts', '../kinds/container/keys/index.js'],
  ['keys-to-config', 'src/kinds/container/keys/index.ts', '../../../view/value.js'],
  ['keys-to-config', 'src/kinds/bridge/keys.ts', '../../host/ports.js'],
  ['keys-to-config', 'src/farm/keys.ts', '../kinds/kind.js'],
  ['keys-to-config', 'src/kinds/key.ts', './kind.js'],
  ['execute-to-model', 'src/execute/index.ts', '../plan/index.js'],
  ['config-to-model', 'src/config/index.ts', '../view/value.js'],
  ['cron-to-model', 'src/cron/index.ts', '../config/index.js'],
  ['farm-to-model', 'src/farm/index.ts', '../config/index.js'],
  ['state-to-model', 'src/state/index.ts', '../host/linux/index.js'],
  ['view-to-model', 'src/view/index.ts', '../plan/index.js'],
  ['formats-to-config', 'src/formats/index.ts', '../state/index.js'],
  ['convert-to-config', 'src/convert/index.ts', '../formats/index.js'],
  ['convert-to-config', 'src/convert/index.ts', '../farm/index.js'],
  ['plan-to-model', 'src/plan/index.ts', '../kinds/index.js'],
  ['plan-to-model', 'src/plan/index.ts', '../farm/index.js'],
  ['plan-to-model', 'src/plan/index.ts', '../host/linux/index.js'],
  ['plan-to-model', 'src/plan/index.ts', '../kinds/desired-context.js'],
  ['plan-to-model', 'src/plan/index.ts', '../swarm/index.js'],
  ['swarm-to-kinds', 'src/swarm/index.ts', '../host/linux/index.js'],
  ['swarm-to-kinds', 'src/swarm/index.ts', '../plan/index.js'],
  ['docker-to-ports', 'src/host/docker/index.ts', '../../kinds/kind.js'],
  ['plan-without-specs', 'src/plan/index.ts', '../model/specs.js'],
  ['plan-types-only', 'src/plan/index.ts', '../host/ports.js'],
  ['plan-types-only', 'src/plan/index.ts', '../kinds/kind.js'],
  ['kind-alone', 'src/kinds/bridge/index.ts', '../image/index.js'],
  ['kind-alone', 'src/kinds/bridge/index.ts', '../../host/linux/index.js'],
  ['kind-alone', 'src/kinds/bridge/index.ts', '../../view/value.js'],
  ['kinds-list', 'src/kinds/index.ts', '../plan/index.js'],
  ['ports-to-model', 'src/host/ports.ts', '../view/value.js'],
  ['linux-to-ports', 'src/host/linux/index.ts', '../../kinds/kind.js'],
  ['linux-to-ports', 'src/host/linux/index.ts', '../../view/value.js'],
  ['state-to-model', 'src/state/index.ts', '../host/linux/process/run.js'],
  ['app-without-terminal', 'src/app/index.ts', '../cli/lazy.js'],
  ['app-without-terminal', 'src/app/index.ts', '../view/open.js'],
  ['app-without-terminal', 'src/app/index.ts', 'commander'],
  ['caches-in-fast-path', 'src/app/index.ts', './fast-path/cache.js'],
  ['caches-in-fast-path', 'src/app/index.ts', '../state/files-fingerprint.js'],
  ['cli-without-host', 'src/cli/lazy.ts', '../host/linux/index.js'],
  ['programs-from-launcher', 'src/kinds/image/own.ts', 'node:child_process'],
  ['programs-from-launcher', 'src/state/lock.ts', 'node:child_process'],
  ['programs-from-launcher', 'src/host/linux/index.ts', 'node:child_process'],
  ['programs-from-launcher', 'src/host/linux/index.ts', 'execa'],
  ['programs-from-launcher', 'src/cli/lazy.ts', 'child_process'],
  ['resolvable', 'src/view/value.ts', './gone.js'],
  ['bundled-packages', 'src/view/value.ts', 'vitest'],
];

it.each(BAD)('reports %s when %s imports %s', async (rule, file, path) => {
  const found = await violations({ ...GOOD, [file]: `${GOOD[file]}import '${path}';\n` });
  expect(found).toEqual([expect.stringMatching(`^${rule}: ${file} → `)]);
});

it('includes imports of types', async () => {
  const found = await violations({ ...GOOD, 'src/model/b.ts': typed('../view/value.js') });
  expect(found).toEqual(['model-alone: src/model/b.ts → src/view/value.ts']);
});

it('reports a file that main.ts does not reach', async () => {
  const found = await violations({ ...GOOD, 'src/view/old.ts': module('./value.js') });
  expect(found).toEqual(['no-orphan: src/view/old.ts → src/view/old.ts']);
});

it('reports a cycle', async () => {
  const found = await violations({ ...GOOD, 'src/model/b.ts': module('./a.js') });
  expect(found).toEqual(['no-cycle: src/model/a.ts → src/model/b.ts']);
});

it('reports a folder without a rule', async () => {
  const found = await violations({
    ...GOOD,
    'src/main.ts': `${GOOD['src/main.ts']}import './misc/a.js';\n`,
    'src/misc/a.ts': module('../model/b.js'),
  });
  expect(found).toEqual(['every-folder-has-a-rule: src/misc/a.ts → src/model/b.ts']);
});

it.each(readdirSync('src/plan'))('finds the name of no kind in src/plan/%s', (file) => {
  const text = readFileSync(join('src/plan', file), 'utf8');
  const code = text.replace(/^ *(\/\*\*|\*|\/\/).*$/gm, '');
  expect(code).not.toMatch(new RegExp(`['"\`](${KINDS.join('|')})s?['"\`.]`));
});

it('has a case for every rule', () => {
  const broken = [...BAD.map(([rule]) => rule), 'no-orphan', 'no-cycle', 'every-folder-has-a-rule'];
  const rules = (RULES.forbidden as { name: string }[]).map(({ name }) => name);
  expect([...new Set(broken)].sort()).toEqual(rules.sort());
});
