import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { IDLE } from '../../support/small-image.js';

const attempt = (host: PrivateHost, words: string[], env = {}) =>
  host.baleine(words, { reject: false, env });

const imagesOf = async (host: PrivateHost) =>
  JSON.parse((await host.baleine(['image', 'ls', '--json'])).stdout).map(
    ({ name, unfinished = false }: { name: string; unfinished?: boolean }) => ({
      name,
      unfinished,
    }),
  );

/** An archive of a root file system with busybox. */
async function archive(host: PrivateHost): Promise<string> {
  const [tree, file] = [join(host.dir, 'tree'), join(host.dir, 'good.tar')];
  mkdirSync(join(tree, 'bin'), { recursive: true });
  await host.run('cp', ['/bin/busybox', join(tree, 'bin/busybox')]);
  await host.run('tar', ['-C', tree, '-cf', file, '.']);
  return file;
}

it(
  'imports an image again after the first try failed, twice, or was killed',
  inPrivateHost(async (host) => {
    const good = await archive(host);
    const bad = join(host.dir, 'bad.tar');
    writeFileSync(bad, 'no archive');
    const size = ['--size', '16M'];
    for (const _ of [1, 2]) {
      expect((await attempt(host, ['image', 'import', bad, 'base', ...size])).code).toBe(1);
      expect(await imagesOf(host)).toEqual([]);
    }
    const early = await attempt(host, ['container', 'create', 'one', '--image', 'base']);
    expect(early.stderr).toContain('cannot create container one: ');
    expect(early.code).toBe(1);

    const programs = join(host.dir, 'programs');
    mkdirSync(programs);
    writeFileSync(join(programs, 'mkfs.ext4'), '#!/bin/sh\nkill -KILL $PPID\n');
    chmodSync(join(programs, 'mkfs.ext4'), 0o755);
    const PATH = `${programs}:${process.env.PATH}`;
    const killed = await attempt(host, ['image', 'import', good, 'other', ...size], { PATH });
    expect(killed.code).not.toBe(0);
    expect(await imagesOf(host)).toEqual([{ name: 'other', unfinished: true }]);
    const unfinished = await attempt(host, ['container', 'create', 'one', '--image', 'other']);
    expect(unfinished.stderr).toContain(
      'cannot create container one: image other is unfinished: an earlier run was interrupted\n',
    );
    expect((await host.baleine(['image', 'ls'])).stdout).toMatch(/^other .* unfinished /m);

    await host.baleine(['image', 'import', good, 'base', ...size]);
    await host.baleine(['image', 'rm', 'other']);
    expect(await imagesOf(host)).toEqual([{ name: 'base', unfinished: false }]);
    const again = await attempt(host, ['image', 'import', good, 'base', ...size]);
    expect(again.stderr).toContain('there is one of that name already');
    await host.baleine(['image', 'rm', 'base']);
  }),
);

it(
  'creates a container again after its first start failed, and a network after its uplink was gone',
  inPrivateHost(async (host) => {
    await host.baleine(['image', 'create', 'base', '--size', '16M', '--from-host', '/bin/busybox']);
    const create = ['container', 'create', 'one', '--image', 'base', '--start'];
    for (const program of ['/bin/bsybox', '/no/such']) {
      const { code, stderr } = await attempt(host, [...create, '--', program]);
      expect(code).toBe(1);
      expect(stderr).toContain(`cannot start _.one: there is no program ${program} in its image (`);
    }
    await host.baleine([...create, '-e', 'MODE=again', '--', ...IDLE]);
    const [one] = JSON.parse((await host.baleine(['container', 'list', '--json'])).stdout);
    expect(one).toMatchObject({ name: 'one', status: 'running' });
    const taken = await attempt(host, [...create, '--', ...IDLE]);
    expect(taken.stderr).toContain('there is one of that name already');
    await host.baleine(['container', 'rm', '--force', 'one']);
    await host.baleine(['image', 'rm', 'base']);

    const network = ['network', 'create', 'front', '--uplink', 'up0'];
    expect((await attempt(host, network)).code).toBe(1);
    await host.run('ip', ['link', 'add', 'up0', 'type', 'veth', 'peer', 'up1']);
    await host.baleine(network);
    await host.baleine(['network', 'rm', 'front']);
    await host.run('ip', ['link', 'delete', 'up0']);
  }),
);
