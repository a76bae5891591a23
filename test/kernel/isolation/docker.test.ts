import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { linuxCgroups } from '../../../src/host/linux/cgroups/index.js';
import { installPaths, rootfsDir } from '../../../src/model/install-paths.js';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { lackingAny } from '../../support/skip.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { Stack } from '../stack/stack.js';

const READ_STATUS = ['busybox', 'cat', '/proc/self/status', '/proc/self/mountinfo'];

/** Restrictions of a process in a container, as reported by the kernel. */
interface Confinement {
  capabilities: Record<'CapBnd' | 'CapPrm' | 'CapEff' | 'CapInh' | 'CapAmb', bigint>;
  noNewPrivileges: boolean;
  /** 2 means a filter: proc_pid_status(5). */
  seccomp: number;
  /** Paths below /proc and /sys with something else mounted over them. */
  masked: string[];
  readOnly: string[];
}

it.skipIf(lackingAny('dockerd'))(
  'is as tight as Docker’s default, or tighter, on every line',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, {
      name: 'beside',
      images: { box: SMALL_IMAGE },
      containers: { a: { image: 'box', command: IDLE } },
    });
    await stack.apply();
    const ours = confinementIn(await stack.done('exec', 'a', '--', ...READ_STATUS));
    const theirs = await byDocker(host, rootfsDir(installPaths(host.root), 'beside.a'));
    await stack.destroy();
    process.stdout.write(table(ours, theirs));

    for (const [name, set] of Object.entries(theirs.capabilities)) {
      const own = ours.capabilities[name as keyof Confinement['capabilities']];
      expect(own & ~set, `${name} has nothing that Docker has not`).toBe(0n);
    }
    expect(ours.noNewPrivileges || !theirs.noNewPrivileges).toBe(true);
    expect(ours.seccomp).toBeGreaterThanOrEqual(theirs.seccomp);
    expect(theirs.masked.filter((path) => !ours.masked.includes(path))).toEqual([]);
    expect(theirs.readOnly.filter((path) => !ours.readOnly.includes(path))).toEqual([]);
    // Docker's container did run, so the comparison means something
    expect(theirs.seccomp).toBe(2);
    expect(theirs.masked).toContain('/proc/timer_list');
  }),
  300_000,
);

/** Runs the same tree in a separate daemon, without network, with its cgroups below ours. */
async function byDocker(host: PrivateHost, tree: string): Promise<Confinement> {
  const at = (name: string) => join(host.dir, 'docker', name);
  const socket = `unix://${at('socket')}`;
  mkdirSync(at(''));
  const options = ['--data-root', at('data'), '--exec-root', at('exec'), '--pidfile', at('pid')];
  const plain = ['--bridge=none', '--iptables=false', '--ip-forward=false', '--storage-driver=vfs'];
  const daemon = spawn(
    'nsenter',
    [
      `--target=${host.pid}`,
      '--mount',
      '--net',
      '--',
      'dockerd',
      '-H',
      socket,
      ...options,
      ...plain,
    ],
    { stdio: 'ignore' },
  );
  const ended = once(daemon, 'exit');
  try {
    const docker = (...words: string[]) =>
      host.run('docker', ['-H', socket, ...words], { reject: false });
    await expect
      .poll(async () => (await docker('version')).code, { timeout: 60_000, interval: 200 })
      .toBe(0);
    await host.run('sh', ['-c', `tar -C ${tree} -c . | docker -H ${socket} import - box`]);
    const parent = `--cgroup-parent=/baleine/${installPaths(host.root).tag}/docker`;
    const ran = await docker('run', '--rm', '--network=none', parent, 'box', ...READ_STATUS);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    return confinementIn(ran.stdout);
  } finally {
    daemon.kill('SIGTERM');
    await ended;
    await linuxCgroups().remove(`/baleine/${installPaths(host.root).tag}/docker`);
  }
}

function confinementIn(text: string): Confinement {
  const field = (name: string) => new RegExp(`^${name}:\\s*(\\w+)`, 'm').exec(text)?.[1] ?? '';
  const names = ['CapBnd', 'CapPrm', 'CapEff', 'CapInh', 'CapAmb'] as const;
  const mounts = [
    ...text.matchAll(/^\d+ \d+ \d+:\d+ (\S+) (\/(?:proc|sys)\/\S*) (\S+)(?: .*?)? - (\S+)/gm),
  ];
  const over = mounts.map(([, root, path = '', options = '', type]) => ({
    path,
    masked: (type === 'tmpfs' && path !== '/sys/fs/cgroup') || root === '/null',
    readOnly: options.split(',').includes('ro'),
  }));
  const pathsWith = (which: 'masked' | 'readOnly') =>
    over
      .filter((each) => each[which])
      .map(({ path }) => path)
      .sort();
  return {
    capabilities: Object.fromEntries(
      names.map((name) => [name, BigInt(`0x${field(name)}`)]),
    ) as Confinement['capabilities'],
    noNewPrivileges: field('NoNewPrivs') === '1',
    seccomp: Number(field('Seccomp')),
    masked: pathsWith('masked'),
    readOnly: pathsWith('readOnly').filter((path) => !path.startsWith('/sys/fs/cgroup/')),
  };
}

function table(ours: Confinement, theirs: Confinement): string {
  const rows = (of: Confinement) => [
    ...Object.entries(of.capabilities).map(([name, set]) => [name, set.toString(16)]),
    ['no_new_privs', String(of.noNewPrivileges)],
    ['seccomp', String(of.seccomp)],
    ['masked', String(of.masked.length)],
    ['read-only', String(of.readOnly.length)],
  ];
  const other = rows(theirs);
  const lines = rows(ours).map(([name = '', value = ''], index) =>
    [name.padEnd(16), value.padEnd(20), other[index]?.[1] ?? ''].join(''),
  );
  const only = ours.masked.filter((path) => !theirs.masked.includes(path));
  const head = `${''.padEnd(16)}${'baleine'.padEnd(20)}docker run`;
  return `${[head, ...lines, `masked by baleine only: ${only.join(' ')}`].join('\n')}\n`;
}
