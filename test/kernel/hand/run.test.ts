import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inPrivateHost, MAIN, type PrivateHost } from '../../support/private-host.js';

const create = (host: PrivateHost) =>
  host.baleine(['image', 'create', 'base', '--size', '16M', '--from-host', '/bin/busybox']);

it(
  'runs a throw-away container with our streams and passes its exit code on',
  inPrivateHost(async (host) => {
    await create(host);
    await host.baleine(['network', 'create', 'front', '--subnet', '10.77.1.0/24']);
    const line = 'busybox cat; echo "$MODE" >&2; busybox ip -o -4 addr show eth0; exit 7';
    const ran = await host.baleine(
      ['run', '-i', '-e', 'MODE=once', '--bridge', 'front', 'base', 'busybox', 'sh', '-c', line],
      { input: 'from outside\n', reject: false },
    );
    expect(ran).toMatchObject({ code: 7, stderr: 'once\n' });
    expect(ran.stdout).toMatch(/^from outside\n.*10\.77\.1\.1\/24/);
    expect((await host.baleine(['container', 'list', '-a', '-q'])).stdout).toBe('');
    await host.baleine(['network', 'rm', 'front']);
    await host.baleine(['image', 'rm', 'base']);
  }),
);

it(
  'gives it a terminal when there is one',
  inPrivateHost(async (host) => {
    await create(host);
    const line = `${process.execPath} ${MAIN} --root ${host.root} run -it base busybox sh -c "busybox tty; exit 3"`;
    const ran = await host.run('script', ['-qec', line, '/dev/null'], { reject: false });
    expect(ran.stdout).toContain('/dev/pts/0');
    expect(ran.code).toBe(3);
    await host.baleine(['image', 'rm', 'base']);
  }),
);

it(
  'ends as Docker does when there is nothing to run, or it cannot be run',
  inPrivateHost(async (host) => {
    await create(host);
    const codeOf = async (...words: string[]) =>
      (await host.baleine(words, { reject: false })).code;
    expect(await codeOf('run', 'base', 'gone')).toBe(127);
    expect(await codeOf('run', 'base', '/etc/passwd')).toBe(126);
    expect(await codeOf('run', 'base', 'busybox', 'sh', '-c', 'exit 255')).toBe(255);
    const make = ['container', 'create', 'one', '--image', 'base', '--start', '--'];
    await host.baleine([...make, 'busybox', 'sleep', '1000']);
    const exec = (...words: string[]) => codeOf('container', 'exec', 'one', ...words);
    expect(await exec('gone')).toBe(127);
    expect(await exec('/bin/gone')).toBe(127);
    expect(await exec('/etc/passwd')).toBe(126);
    expect(await exec('/bin')).toBe(126);
    expect(await exec('busybox', 'sh', '-c', 'exit 255')).toBe(255);
    expect(await exec('busybox', 'sh', '-c', 'kill -9 $$')).toBe(137);
    await host.baleine(['container', 'rm', '--force', 'one']);
    await host.baleine(['image', 'rm', 'base']);
  }),
);

it(
  'tells by its content what it imports, and runs what it exported itself',
  inPrivateHost(async (host) => {
    await create(host);
    for (const format of ['docker', 'oci', 'tar']) {
      const file = join(host.dir, `${format}-image.tar`);
      await host.baleine(['image', 'export', 'base', file, '--format', format]);
      await host.baleine(['image', 'import', file, '--size', '16M']);
      const name = `${format}-image`;
      const [seen] = JSON.parse((await host.baleine(['image', 'inspect', name])).stdout);
      expect(Object.keys(seen.from)).toEqual([format]);
      const ran = await host.baleine(['run', name, 'busybox', 'echo', format]);
      expect(ran.stdout).toBe(`${format}\n`);
    }
    await host.baleine(['image', 'prune']);
  }),
);
