import { chmodSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diskFile, idOf, installPaths, rootfsDir } from '../../../src/model/install-paths.js';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { usableRuntimes } from '../../support/runtimes.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { NOTHING, Stack } from '../stack/stack.js';

const SERVE = 'busybox touch /own /data/own; exec busybox httpd -f -p 80 -h /etc';

const words = (runtime: string, host: PrivateHost) => {
  const common = { image: 'box', command: IDLE, runtime, userns: 'auto' };
  return {
    name: 'mapped',
    images: { box: SMALL_IMAGE },
    bridges: { front: { subnet: '10.78.1.0/24', host: '10.78.1.1' } },
    volumes: { data: {} },
    containers: {
      web: {
        ...common,
        command: ['busybox', 'sh', '-c', SERVE],
        stop_signal: 'SIGKILL',
        bridges: { front: { address: '10.78.1.2' } },
        volumes: ['data:/data', `${join(host.dir, 'conf')}:/conf:ro`],
      },
      other: { ...common, user: '1000:1000', volumes: ['data:/data'] },
    },
  };
};

describe.each(usableRuntimes())('a user namespace under %s', (runtime) => {
  it(
    'maps root inside to nobody outside, and keeps owners',
    inPrivateHost(async (host) => {
      mkdirSync(join(host.dir, 'conf'));
      writeFileSync(join(host.dir, 'conf/secret'), 'of root', { mode: 0o600 });
      const stack = new Stack(host, words(runtime, host));
      await stack.apply();
      expect(await stack.plan()).toBe(NOTHING);
      const page = () => host.http('http://10.78.1.2/passwd').catch(() => '');
      // port 80 needs CAP_NET_BIND_SERVICE in the user namespace that owns the network namespace
      await expect.poll(page).toMatch(/^root:/);

      const [web, other] = ['web', 'other'].map((name) => mapOf(stack, name));
      expect(web?.text).toBe(`0 ${web?.first} 65536`);
      expect(web?.owner).toBe(web?.first);
      expect(other?.owner).toBe((other?.first ?? 0) + 1000);
      expect(Math.abs((web?.first ?? 0) - (other?.first ?? 0))).toBeGreaterThanOrEqual(65_536);

      const inside = (name: string, line: string) =>
        stack.run('exec', name, '--', 'busybox', 'sh', '-c', line);
      const owners = "busybox stat -c '%u:%g' /own /data/own /conf/secret /etc/passwd";
      expect(await inside('web', owners)).toEqual({
        code: 0,
        stdout: '0:0\n'.repeat(4),
        stderr: '',
      });
      expect((await inside('web', 'busybox cat /conf/secret')).stdout).toBe('of root');
      expect((await inside('other', 'busybox id -u; echo >/data/x')).stderr).toMatch(/denied/);

      await inside('web', 'busybox chown 33:44 /own /data/own');
      const tree = rootfsDir(installPaths(host.root), idOf('mapped', 'web'));
      for (const path of [join(tree, 'own'), join(host.root, 'volumes/mapped/data/own')]) {
        expect((await host.run('stat', ['-c', '%u:%g', path])).stdout).toBe('33:44\n');
      }
      await copies(stack);
      await expectUnreadable(stack);
      await stack.destroy();
    }),
  );

  it(
    'restarts, follows the file, and refuses users without an id',
    inPrivateHost(async (host) => {
      mkdirSync(join(host.dir, 'conf'));
      const file = words(runtime, host);
      const stack = new Stack(host, file);
      await stack.apply();
      const { first } = mapOf(stack, 'web');
      await stack.done('restart', 'web');
      expect(mapOf(stack, 'web').first).toBe(first);
      expect(await stack.plan()).toBe(NOTHING);

      const { web } = file.containers;
      stack.write({ ...file, containers: { web: { ...web, user: '70000' } } });
      expect((await stack.run('apply', '-y')).stderr).toContain(
        'cannot run as user 70000: with userns: auto there is no id 70000, only 0 to 65535',
      );
      const proc = { ...web, volumes: ['/proc:/data'] };
      stack.write({ ...file, containers: { web: proc } });
      expect((await stack.run('apply', '-y')).stderr).toContain(
        'the file system of /proc has no idmapped mounts',
      );
      stack.write({ ...file, containers: { web: { ...web, userns: 'host' } } });
      expect(await stack.apply()).toContain('web must be replaced');
      expect(mapOf(stack, 'web').first).toBe(0);
      await stack.destroy();
    }),
  );
});

/** The id map of the first process (/proc/PID/uid_map, user_namespaces(7)), and its owner on the host. */
function mapOf(stack: Stack, name: string) {
  const [pid] = stack.pids(`mapped.${name}`);
  const text = readFileSync(`/proc/${pid}/uid_map`, 'utf8').trim().split(/\s+/).join(' ');
  expect(readFileSync(`/proc/${pid}/gid_map`, 'utf8').trim().split(/\s+/).join(' ')).toBe(text);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const owner = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
  return { text, first: Number(text.split(' ')[1]), owner };
}

/** cp, commit and export see the owners that the container sees. */
async function copies(stack: Stack): Promise<void> {
  const { host } = stack;
  await stack.done('cp', 'web:/own', `${host.dir}/own`);
  expect(lstatSync(join(host.dir, 'own'))).toMatchObject({ uid: 33, gid: 44 });
  await stack.done('cp', join(host.dir, 'own'), 'web:/back');
  const listed = ['exec', 'web', '--', 'busybox', 'stat', '-c', '%u:%g', '/back'];
  expect(await stack.done(...listed)).toMatch(/^(33:44|0:0)\n$/);
  await host.baleine(['container', 'commit', '--stack', 'mapped', 'web', 'kept']);
  await host.baleine(['image', 'export', 'kept', join(host.dir, 'kept.tar'), '--format', 'tar']);
  const { stdout } = await host.run('tar', ['--numeric-owner', '-tvf', join(host.dir, 'kept.tar')]);
  expect(stdout).toMatch(/ 33\/44 .* \.?\/?own$/m);
  expect(stdout).toMatch(/ 0\/0 .* \.?\/?etc\/passwd$/m);
  await host.baleine(['image', 'rm', 'kept']);
}

/** Neither other users of the host nor other containers' root can read a disk or a volume. */
async function expectUnreadable(stack: Stack): Promise<void> {
  const { host } = stack;
  // others may enter the parent folders of a real root
  for (const path of [host.dir]) chmodSync(path, 0o755);
  const paths = installPaths(host.root);
  const files = [
    diskFile(paths, idOf('mapped', 'web')),
    join(rootfsDir(paths, idOf('mapped', 'web')), 'etc/passwd'),
    join(host.root, 'volumes/mapped/data/own'),
    `/proc/${stack.pids('mapped.web')[0]}/root/etc/passwd`,
  ];
  const strangers = [1000, mapOf(stack, 'web').first, mapOf(stack, 'other').first + 1000];
  for (const uid of strangers) {
    for (const path of files.slice(0, uid === strangers[1] ? 3 : 4)) {
      const as = ['--reuid', String(uid), '--regid', String(uid), '--clear-groups', '--', 'cat'];
      const { code, stderr } = await host.run('setpriv', [...as, path], { reject: false });
      expect({ path, code, stderr }).toMatchObject({ path, code: 1 });
      expect(stderr).toMatch(/Permission denied/);
    }
  }
}
