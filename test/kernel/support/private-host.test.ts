import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { installPaths } from '../../../src/model/install-paths.js';
import { cgroupRoots } from '../../support/leaks.js';
import { inPrivateHost, type PrivateHost, privateHost } from '../../support/private-host.js';

const links = async (host: PrivateHost) =>
  (await host.ip<{ ifname: string }>('link')).map(({ ifname }) => ifname);

it(
  'has its own links, /sys and /run, and the cgroups of the machine',
  inPrivateHost(async (host) => {
    const other = await privateHost();
    await host.run('ip', ['link', 'add', 'bb-here', 'type', 'bridge']);
    expect(await links(host)).toEqual(['lo', 'bb-here']);
    expect(await links(other)).toEqual(['lo']);
    expect((await host.run('ls', ['/sys/class/net'])).stdout).toBe('bb-here\nlo\n');
    expect((await host.run('ls', ['/run'])).stdout).toMatch(/^(mount\n)?netns\n$/);
    const roots = (await host.run('findmnt', ['-nlo', 'TARGET', '-t', 'cgroup,cgroup2'])).stdout;
    expect(roots.trim().split('\n')).toEqual(cgroupRoots());
    await host.run('ip', ['link', 'delete', 'bb-here']);
    expect(await other.close()).toEqual([]);
  }),
);

it(
  'runs programs with input, environment and a working directory, and returns how they ended',
  inPrivateHost(async (host) => {
    const ran = await host.run('sh', ['-c', 'cat; echo "$WORD"; pwd; echo no >&2; exit 3'], {
      input: 'in\n',
      env: { WORD: 'out' },
      reject: false,
    });
    expect(ran).toEqual({ code: 3, stdout: `in\nout\n${host.dir}\n`, stderr: 'no\n' });
    await expect(host.run('false')).rejects.toThrow('false: exit code 1');
    await expect(host.run('sleep', ['9'], { timeout: 50 })).rejects.toThrow('no end after 50 ms');
  }),
);

it(
  'answers http from inside',
  inPrivateHost(async (host) => {
    writeFileSync(join(host.dir, 'page'), 'hello');
    const server = host.run('timeout', ['5', 'busybox', 'httpd', '-f', '-p', '127.0.0.1:80'], {
      reject: false,
    });
    await expect.poll(() => host.http('http://127.0.0.1/page').catch(String)).toBe('hello');
    await expect(host.http('http://127.0.0.1/none')).rejects.toThrow('404');
    await server;
  }),
);

/** How to leak one object of each type, and the expected report. */
const LEAKS: Record<string, { leak: (host: PrivateHost) => unknown; report: RegExp }> = {
  loop: {
    leak: (host) =>
      host.run('sh', [
        '-c',
        'mkdir root; truncate -s 1M root/a.img; losetup -f root/a.img; rm -r root',
      ]),
    report: /^left: loop loop\d+ \(.*a\.img/,
  },
  mount: {
    leak: (host) => host.run('mount', ['-t', 'tmpfs', 'tmpfs', '/mnt']),
    report: /^left: mount \d+ \/mnt \(tmpfs tmpfs\)/,
  },
  'temporary file': {
    leak: (host) => host.run('sh', ['-c', 'touch "$TMPDIR/baleine-wire-x"']),
    report: /^left: temporary file baleine-wire-x/,
  },
  netns: {
    leak: (host) => host.run('ip', ['netns', 'add', 'stray']),
    report: /^left: netns stray/,
  },
  link: {
    leak: (host) => host.run('ip', ['link', 'add', 'bb-stray', 'type', 'bridge']),
    report: /^left: link bb-stray/,
  },
  cgroup: {
    leak: (host) => {
      for (const root of cgroupRoots()) mkdirSync(groupOf(host, root), { recursive: true });
    },
    report: /^left: cgroup .*\/baleine\/[0-9a-f]{6}\/stray/,
  },
  state: {
    leak: (host) => host.run('mkdir', ['-p', `${installPaths(host.root).run}/containers/stray`]),
    report: /^left: state \/run\/baleine\/[0-9a-f]{6}\/containers\/stray/,
  },
  'runtime state': {
    leak: (host) => host.run('mkdir', ['-p', '/run/runc/stray']),
    report: /^left: state \/run\/runc\/stray/,
  },
  process: {
    leak: (host) =>
      host.run('sh', ['-c', '(sleep 60; true) >/dev/null 2>&1 &', installPaths(host.root).run]),
    report: /^left: process \d+ \(/,
  },
  file: {
    leak: (host) => mkdirSync(host.root),
    report: /^left: file .*\/root/,
  },
};

const groupOf = (host: PrivateHost, root: string) =>
  join(root, 'baleine', installPaths(host.root).tag, 'stray');

it.concurrent.each(Object.entries(LEAKS))(
  'reports a %s left behind, and removes it',
  async (_, { leak, report }) => {
    const host = await privateHost();
    const before = await host.snapshot();
    await leak(host);
    const leaks = await host.close();
    expect(leaks.filter((line) => report.test(line))).not.toEqual([]);
    expect(Object.keys(before).filter((name) => name.startsWith('loop '))).toEqual([]);
    const after = await privateHost();
    expect(existsSync(host.dir)).toBe(false);
    await after.close();
  },
);
