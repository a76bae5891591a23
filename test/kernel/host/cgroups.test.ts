import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { controllerDir, readHierarchies } from '../../../src/host/linux/cgroups/hierarchies.js';
import { linuxCgroups } from '../../../src/host/linux/cgroups/index.js';
import { readLimits } from '../../../src/host/linux/cgroups/read.js';
import { withDefaultRules } from '../../../src/model/devices.js';
import { cgroupPath, installPaths } from '../../../src/model/install-paths.js';

const MIB = 2 ** 20;
const paths = installPaths(`/nonexistent/cgroups-${process.pid}`);
const cgroup = cgroupPath(paths, 's.a');
const cgroups = linuxCgroups();
const hierarchies = readHierarchies();
const roots = [...hierarchies.named, ...(hierarchies.unified ? [hierarchies.unified] : [])];
const all = readFileSync('/sys/devices/system/cpu/online', 'utf8').trim();

const LIMITS = ['memory', 'cpus', 'cpu_shares', 'cpuset', 'pids', 'io', 'devices'] as const;

const limits = () => readLimits(hierarchies, cgroup, LIMITS);
const file = (controller: 'memory' | 'cpuset', name: string) =>
  join(controllerDir(hierarchies, controller, cgroup)?.dir ?? '', name);

/** Creates the group as a runtime does: in every hierarchy, on v1 with its parents' cpuset. */
beforeEach(() => {
  for (const root of roots) mkdirSync(join(root, cgroup), { recursive: true });
  const root = hierarchies.v1.get('cpuset');
  for (const dir of root ? [dirname(dirname(cgroup)), dirname(cgroup), cgroup] : []) {
    for (const name of ['cpuset.cpus', 'cpuset.mems']) {
      const parent = readFileSync(join(root ?? '', dirname(dir), name), 'utf8');
      writeFileSync(join(root ?? '', dir, name), parent);
    }
  }
});

afterEach(async () => {
  await cgroups.remove(cgroup);
  for (const root of roots) expect(existsSync(join(root, dirname(cgroup)))).toBe(false);
});

describe('limits', () => {
  const devices = hierarchies.v1.has('devices') ? withDefaultRules() : undefined;

  it('are set, raised, lowered and removed', async () => {
    const first = { memory: 64 * MIB, cpus: 0.5, cpu_shares: 512, cpuset: '0', pids: 100 };
    await cgroups.ensureLimits(cgroup, first);
    expect(limits()).toEqual({ ...first, devices });
    for (const memory of [128 * MIB, 96 * MIB, 32 * MIB, 33 * MIB]) {
      await cgroups.ensureLimits(cgroup, { ...first, memory });
      expect(limits()?.memory).toBe(memory);
    }
    await cgroups.ensureLimits(cgroup, { pids: 50 });
    expect(limits()).toEqual({ cpu_shares: 1024, cpuset: all, pids: 50, devices });
  });

  it('allow no swap beyond memory, whatever the previous value', async () => {
    const both = file('memory', 'memory.memsw.limit_in_bytes');
    if (!existsSync(both)) return;
    const bytes = () => Number(readFileSync(both, 'utf8'));
    await cgroups.ensureLimits(cgroup, { memory: 64 * MIB, pids: 10 });
    expect(bytes()).toBe(64 * MIB);
    writeFileSync(both, String(256 * MIB));
    await cgroups.ensureLimits(cgroup, { memory: 64 * MIB, pids: 10 });
    expect(bytes()).toBe(64 * MIB);
    await cgroups.ensureLimits(cgroup, { memory: 96 * MIB, pids: 10 });
    expect(bytes()).toBe(96 * MIB);
    await cgroups.ensureLimits(cgroup, { memory: 16 * MIB, pids: 10 });
    expect(bytes()).toBe(16 * MIB);
  });

  it('are equal in the kernel’s own spelling', async () => {
    await cgroups.ensureLimits(cgroup, { memory: 64 * MIB + 100, cpuset: `${all},0`, pids: 10 });
    expect(limits()).toMatchObject({ memory: 64 * MIB, cpuset: all });
    const { ctimeMs } = await statOf(file('cpuset', 'cpuset.cpus'));
    await cgroups.ensureLimits(cgroup, { memory: 64 * MIB + 100, cpuset: `0,${all}`, pids: 10 });
    expect((await statOf(file('cpuset', 'cpuset.cpus'))).ctimeMs).toBe(ctimeMs);
  });

  it('rejected by the kernel are errors', async () => {
    await expect(cgroups.ensureLimits(cgroup, { cpuset: '4000', pids: 10 })).rejects.toThrow(
      `cannot limit cpuset of cgroup ${cgroup} to 4000: `,
    );
  });

  it('of a missing group are an error', async () => {
    const other = cgroupPath(paths, 's.none');
    await expect(cgroups.ensureLimits(other, { pids: 10 })).rejects.toThrow(
      `cannot limit pids of cgroup ${other}: the group is not there`,
    );
  });
});

describe('removal', () => {
  it('removes nested groups, keeps siblings and their parents', async () => {
    const sibling = cgroupPath(paths, 's.b');
    for (const root of roots) {
      mkdirSync(join(root, cgroup, 'own', 'nested'), { recursive: true });
      mkdirSync(join(root, sibling));
    }
    await cgroups.remove(cgroup);
    for (const root of roots) {
      expect(existsSync(join(root, cgroup))).toBe(false);
      expect(existsSync(join(root, sibling))).toBe(true);
    }
    await cgroups.remove(sibling);
    await cgroups.remove(sibling);
  });

  it('waits for a process that is ending', async () => {
    const child = spawn('sleep', ['30']);
    await once(child, 'spawn');
    writeFileSync(file('memory', 'cgroup.procs'), String(child.pid));
    const removal = cgroups.remove(cgroup);
    setTimeout(() => child.kill('SIGKILL'), 100);
    await removal;
    expect(existsSync(file('memory', ''))).toBe(false);
  });

  it('reports a process that does not end', async () => {
    const child = spawn('sleep', ['30']);
    await once(child, 'spawn');
    writeFileSync(file('memory', 'cgroup.procs'), String(child.pid));
    await expect(cgroups.remove(cgroup)).rejects.toThrow('processes are left in it');
    child.kill('SIGKILL');
    await once(child, 'exit');
  });

  it.each(['/', '/baleine', '/baleine/x', '/baleine/x/..', '/baleine/../y/z', '/init.scope/a/b'])(
    'never touches %s',
    async (path) => {
      await expect(cgroups.remove(path)).rejects.toThrow('not ours');
      await expect(cgroups.ensureLimits(path, { pids: 1 })).rejects.toThrow('not ours');
    },
  );
});

async function statOf(path: string) {
  const { stat } = await import('node:fs/promises');
  return stat(path);
}
