import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inPrivateHost } from '../support/private-host.js';

/** What users need; sources, tests and tools of the build are not among it. */
const CONTENT = [
  /^(CHANGELOG\.md|LICENSE|README\.md|package\.json)$/,
  /^dist\/(main\.js|package\.json|LICENSES\.txt)$/,
  /^dist\/chunks\/[\w-]+-[\w-]{8}(\.code)?\.js(\.[a-z0-9]+-[0-9.]+-node\.\d+)?$/,
  /^docs\/(reference\/)?[a-z]+\.md$/,
  /^docs\/pictures\/[a-z-]+\.(svg|png)$/,
  /^examples\/[a-z-]+\/(README\.md|baleine\.yaml|site\/[\w.]+)$/,
  /^examples\/[a-z-]+\/compose\.yaml$/,
  /^examples\/[a-z-]+\/(nginx|php-fpm|redis)\.conf$/,
  /^examples\/[a-z-]+\/(wp-config\.php|(db|wordpress)_password\.txt)$/,
  /^examples\/[a-z-]+\/(render|start-[a-z]+)$/,
  /^examples\/node-app\/app\/(Dockerfile|[a-z]+\.js(on)?)$/,
  /^examples\/job\/pages\/[a-z]+\.md$/,
  /^schemas\/baleine\.schema\.json$/,
];

interface Packed {
  filename: string;
  files: { path: string }[];
}

it(
  'the packed tarball has what users need, installs offline, and plans',
  inPrivateHost(async (host) => {
    const npm = (words: string[], cwd: string) =>
      host.run('npm', words, { cwd, env: { npm_config_cache: join(host.dir, 'cache') } });
    // dist is built, and other tests are using it: not once more
    const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', host.dir];
    const [packed] = JSON.parse((await npm(pack, process.cwd())).stdout) as [Packed];
    const paths = packed.files.map(({ path }) => path);
    const prefix = join(host.dir, 'installed');
    const install = ['install', '--offline', '--no-audit', '--no-fund', '--prefix', prefix];
    await npm([...install, join(host.dir, packed.filename)], host.dir);
    const modules = join(prefix, 'node_modules');
    const own = join(modules, 'baleine');
    const run = (...words: string[]) =>
      host.run(join(modules, '.bin', 'baleine'), ['--root', host.root, ...words]);
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

    expect(paths.filter((path) => !CONTENT.some((each) => each.test(path)))).toEqual([]);
    for (const each of CONTENT) expect(paths.filter((path) => each.test(path))).not.toEqual([]);
    expect(readdirSync(modules).filter((name) => !name.startsWith('.'))).toEqual(['baleine']);
    expect((await run('--version')).stdout).toBe(`${version}\n`);
    expect((await run('--help')).stdout).toMatch(/plan.*apply.*destroy/s);
    const plan = await run('-f', join(own, 'examples/web-farm/baleine.yaml'), 'plan');
    expect(plan.stdout).toContain('+ container.shop-server-3');
    expect(plan.stderr).toBe('');
  }),
);
