import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { linuxDisks } from '../../../src/host/linux/disks/index.js';
import { readMounts } from '../../../src/host/linux/disks/mount-table.js';
import { inPrivateHost } from '../../support/private-host.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { temporaryInstallation } from '../host/machinery.js';
import { Stack } from '../stack/stack.js';

/**
 * Known problems on Debian 12, and the tests that fail without our protection: the file below test/,
 * and the beginning of the test's name.
 */
const TRAPS: [trap: string, ...tests: [file: string, test: string][]][] = [
  [
    'runc follows an image whose /dev, /proc or /sys is a link',
    ['host/linux/runtime/tree.test.ts', 'refuses a /%s that is a link or a file'],
    ['kernel/host/runtime.test.ts', 'refuses a disk that would make the runtime write to the host'],
  ],
  [
    'descriptors of the caller reach the runtime; a working directory can lead to them',
    [
      'host/linux/process/descriptors.test.ts',
      'does not pass open descriptors of our caller to programs',
    ],
    ['kernel/isolation/escape.test.ts', 'contains a default container'],
    ['host/linux/runtime/tree.test.ts', 'refuses %s'],
    ['kernel/isolation/traps.test.ts', 'refuses a working directory that leads out'],
  ],
  [
    'crun drops nodev and nosuid from the root',
    ['kernel/isolation/traps.test.ts', 'denies a device even where mounts allow it'],
  ],
  [
    'old runtimes take ids such as ../x',
    ['config/bad-input.test.ts', '"%s" is no name'],
    ['kernel/host/runtime.test.ts', 'refuses missing runtimes and invalid names'],
  ],
  [
    'cgroup parents stay after the runtime’s delete',
    ['kernel/host/cgroups.test.ts', 'removes nested groups'],
    ['kernel/host/runtime.test.ts', 'starts, is observed, and is gone after a stop'],
  ],
  [
    'ip -batch: comments, newlines, lost lines, v%d',
    ['kernel/host/links.test.ts', 'never passes the name %j to ip'],
    ['kernel/host/links.test.ts', 'reports why one failed, and wires the others'],
  ],
  [
    'a hostile superblock, a truncated image',
    ['kernel/host/disks.test.ts', 'refuses a truncated file'],
    ['kernel/isolation/traps.test.ts', 'does not let a superblock panic the host'],
  ],
  [
    'two mounts of one file share a loop device; a busy unmount',
    ['kernel/host/disks.test.ts', 'mounts nodev,nosuid once, no matter how often it is called'],
    ['kernel/host/disks.test.ts', 'unmounts a busy one lazily'],
  ],
  [
    'YAML that means something else than it seems to',
    ['formats/yaml/yaml.test.ts', 'refuses %s'],
    ['formats/yaml/yaml.test.ts', 'stops an alias bomb'],
  ],
  [
    'archives that reach out of their target',
    ['kernel/host/trees.test.ts', 'leaves the host alone for %s'],
    ['kernel/host/trees.test.ts', 'leaves device nodes out'],
    ['kernel/host/trees.test.ts', 'stops a bomb at the size of the image'],
  ],
  [
    'a bridge has an address of IPv6 by itself',
    [
      'kernel/host/links.test.ts',
      'gives no IPv6 access to the host, which accepts no router advertisements there',
    ],
    [
      'kinds/bridge.test.ts',
      'is taken off IPv6 where it has no uplink and only an address of scope %s',
    ],
  ],
];

describe('each trap has its tests', () => {
  const named = TRAPS.flatMap(([trap, ...tests]) =>
    tests.map(([file, test]) => ({ trap, file, test })),
  );
  it.each(named)('$trap: $file, $test', ({ file, test }) => {
    const path = fileURLToPath(new URL(`../../${file}`, import.meta.url));
    const text = readFileSync(path, 'utf8').replace(/^const TRAPS.*?^\];$/ms, '');
    expect(text).toContain(`'${test}`);
  });
});

const stackOf = (container: Record<string, unknown>) => ({
  name: 'trap',
  images: { box: SMALL_IMAGE },
  containers: { a: { image: 'box', command: IDLE, ...container } },
});

it(
  'refuses a working directory that leads outside, also through a volume',
  inPrivateHost(async (host) => {
    const shared = join(host.dir, 'shared');
    mkdirSync(shared);
    symlinkSync('/proc/self/fd/7', join(shared, 'out'));
    const volumes = ['./shared:/shared'];
    const stack = new Stack(host, stackOf({ volumes, working_dir: '/shared/out' }));
    const refused = await stack.run('apply', '-y');
    expect(refused.stderr).toMatch(/working_dir \/shared\/out: it leads to \/proc\/self\/fd\/7/);
    stack.write(stackOf({ volumes }));
    await stack.apply();
    const ran = await stack.run('exec', '-w', '/shared/out', 'a', '--', 'busybox', 'pwd');
    expect(ran.stderr).toMatch(/working_dir \/shared\/out: it leads to \/proc\/self\/fd\/7/);
    await stack.destroy();
  }),
);

it(
  'denies a device even where mounts allow it',
  inPrivateHost(async (host) => {
    const open = { security: 'unconfined', cap_add: ['ALL'] };
    const stack = new Stack(host, stackOf(open));
    await stack.apply();
    const nodes = 'mknod /tmp/mem c 1 1; mknod /tmp/null c 1 3';
    const script = `mount -t tmpfs -o dev x /tmp; ${nodes}; : </tmp/null && : </tmp/mem; echo $?`;
    const ran = await stack.run('exec', 'a', '--', 'busybox', 'sh', '-c', script);
    expect(ran.stderr).toMatch(/can't open \/tmp\/mem: Operation not permitted/);
    await stack.destroy();
  }),
);

it('does not let a superblock panic the host', async () => {
  const { paths, remove } = temporaryInstallation();
  const [file, dir] = [join(paths.root, 'a.img'), join(paths.root, 'm')];
  const disks = linuxDisks();
  await disks.create(file, 16 * 2 ** 20, async () => undefined);
  execFileSync('tune2fs', ['-e', 'panic', '-o', 'journal_data', file], { stdio: 'ignore' });
  await disks.ensureMounted(file, dir);
  // the kernel shows this option because it differs from the superblock's default, panic
  const mounted = readMounts().find(({ path }) => path === dir);
  await disks.ensureUnmounted(dir);
  rmSync(file);
  remove();
  expect(mounted?.options).toContain('errors=remount-ro');
});
