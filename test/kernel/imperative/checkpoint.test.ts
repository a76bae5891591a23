import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { TABLES } from '../../../src/app/context.js';
import { createCheckpoint } from '../../../src/host/linux/checkpoints/store.js';
import { installPaths } from '../../../src/model/install-paths.js';
import type { ContainerSpec } from '../../../src/model/specs.js';
import { openState } from '../../../src/state/state.js';
import { inPrivateHost } from '../../support/private-host.js';
import { lackingAny } from '../../support/skip.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';

const idle = { image: 'box', command: IDLE, stop_signal: 'SIGKILL' };
const STACK = {
  name: 's',
  images: { box: SMALL_IMAGE },
  containers: {
    saved: { ...idle, runtime: 'runc' },
    crun: { ...idle, runtime: 'crun' },
    mapped: { ...idle, runtime: 'runc', userns: 'auto' },
    host: { ...idle, runtime: 'runc', ipc: 'shareable' },
    still: { ...idle, runtime: 'runc' },
  },
};

/** Whether CRIU can work with this kernel; then test/vm has nothing that this machine has not. */
const { exitCode: criu } = await execa('criu', ['check'], { reject: false });

it.skipIf(lackingAny('criu', 'runc', 'crun', 'iptables-restore') || criu === 0)(
  'a checkpoint or restore that cannot be made is refused with its reason, and changes nothing',
  inPrivateHost(async (host) => {
    writeFileSync(join(host.dir, 'baleine.yaml'), JSON.stringify(STACK));
    const run = (...words: string[]) => host.baleine(words, { reject: false });
    const refused = async (...words: string[]) => {
      const { code, stderr } = await run('container', ...words, '--stack', 's');
      expect(code).toBe(1);
      return stderr;
    };
    await host.baleine(['apply', '-y', '--quiet']);
    await host.baleine(['stop', 'still']);
    const state = () => [
      readFileSync(join(host.root, 'containers.csv'), 'utf8'),
      readdirSync(host.root).sort(),
      readdirSync(host.dir).sort(),
    ];
    const before = state();

    expect(await refused('checkpoint', 'none')).toContain(
      'cannot checkpoint container none: there is none of that name in stack s',
    );
    expect(await refused('checkpoint', 'still')).toContain(
      'cannot checkpoint container still: it is not running\n  baleine start still',
    );
    expect(await refused('checkpoint', 'mapped')).toContain('it has a user namespace of its own');
    expect(await refused('checkpoint', 'host')).toContain('it shares memory with others (ipc)');
    expect(await refused('checkpoint', 'crun')).toContain(
      'cannot checkpoint container crun: runtime crun is built without checkpoints (CRIU)\n  runtime: runc has them',
    );
    const kernel =
      /^Error: cannot checkpoint container saved: the kernel cannot, or CRIU does not know it: criu check: .{1,400}\n {2}Another version of CRIU or of the kernel may\.\n$/;
    expect(await refused('checkpoint', 'saved')).toMatch(kernel);
    expect(await refused('restore', 'saved')).toContain(
      'cannot restore container saved: it is running\n  baleine stop saved',
    );
    expect(await refused('restore', 'still')).toContain(
      'cannot restore container still: it has no checkpoint',
    );
    expect(await refused('restore', 'still', '--import', 'none.tar.zst')).toContain(
      'cannot read none.tar.zst: there is none',
    );
    expect(await refused('restore', 'still', '--import', 'baleine.yaml')).toContain(
      'it is no exported checkpoint',
    );
    expect(await refused('checkpoints', 'rm', 'saved')).toContain('there is none');
    // CRIU hidden from this host alone
    await host.run('mount', ['--bind', '/dev/null', await whichOf('criu')]);
    expect(await refused('checkpoint', 'saved')).toContain(
      'cannot checkpoint container saved: criu is not installed\n  apt-get install criu',
    );
    const { stdout: findings } = await run('doctor');
    expect(findings).toMatch(
      /warn +checkpoints +none: criu is not installed\n.*apt-get install criu/,
    );
    await host.run('umount', [await whichOf('criu')]);
    expect((await run('doctor')).stdout).toMatch(/warn +checkpoints +none: the kernel cannot/);

    expect(state()).toEqual(before);
    expect((await run('container', 'checkpoints', 'list', '--json')).stdout).toBe('[]\n');
    const { stdout } = await run('ps', '--json');
    const statuses = JSON.parse(stdout).map((each: Record<string, string>) => [
      each.name,
      each.status,
    ]);
    expect(Object.fromEntries(statuses)).toEqual({
      ...{ saved: 'running', crun: 'running', mapped: 'running', host: 'running' },
      still: 'stopped',
    });
    await host.baleine(['destroy', '-y']);
    expect(existsSync(join(host.root, 'checkpoints'))).toBe(false);
    expect(await host.leaks()).toEqual([]);
  }),
  240_000,
);

it(
  'a checkpoint is shown, kept by prune and destroy, and goes with its container',
  inPrivateHost(async (host) => {
    const bale = async (line: string) => (await host.baleine(line.split(' '))).stdout;
    writeFileSync(join(host.dir, 'baleine.yaml'), JSON.stringify(WITHOUT_RUNTIME));
    await bale('apply -y --quiet');
    await bale('image create base --size 16M --from-host /bin/busybox');
    for (const name of ['one', 'two']) {
      await bale(`container create ${name} --image base -- busybox sleep 1d`);
    }
    const paths = installPaths(host.root);
    const { rows } = openState(paths, TABLES);
    for (const { kind, stack, name, spec } of rows) {
      if (kind !== 'container' || name === 'two') continue;
      const { id } = spec as ContainerSpec;
      const record = { id, stack, name, spec: spec as ContainerSpec, runtime: 'runc' };
      await createCheckpoint(paths, record, async (dir) => writeFileSync(join(dir, 'x'), 'x'));
    }
    expect(await bale('container list')).toMatch(/still .*running, checkpoint of \S+ \(\d\S+\)/);
    const [inspected] = JSON.parse(await bale('container inspect one'));
    expect(inspected.checkpoint).toEqual({
      created_at: expect.stringMatching(/^20.*Z$/),
      size: expect.any(Number),
    });
    const { code, stderr } = await host.baleine(['container', 'rename', 'one', 'three'], {
      reject: false,
    });
    expect(code).toBe(1);
    expect(stderr).toContain(
      'cannot rename container one: it has a checkpoint, which fits that name alone\n  baleine container checkpoints rm one',
    );
    await bale('container rename two three');
    expect(await bale('container rm one')).toMatch(/container\.one: checkpoint of \S+ removed\n/);
    await bale('system prune -y --volumes');
    await bale('destroy -y');
    const left = JSON.parse(await bale('container checkpoints list --json'));
    expect(left).toMatchObject([{ name: 'still', stack: 's', runtime: 'runc' }]);
    await bale('container checkpoints rm --stack s still');
    expect(existsSync(join(host.root, 'checkpoints'))).toBe(false);
  }),
  120_000,
);

/** One container, with the runtime of the host. */
const WITHOUT_RUNTIME = { ...STACK, containers: { still: idle } };

async function whichOf(program: string): Promise<string> {
  return (await execa('which', [program])).stdout;
}
