import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { plainLines } from '../../../../src/cli/system/doctor.js';
import { hierarchiesOf } from '../../../../src/host/linux/cgroups/hierarchies.js';
import { parseMounts } from '../../../../src/host/linux/disks/mount-table.js';
import { nodeFinding, rootFinding, spaceFinding } from '../../../../src/host/linux/doctor/host.js';
import { cgroupFindings } from '../../../../src/host/linux/doctor/kernel.js';
import { programFindings } from '../../../../src/host/linux/doctor/programs.js';

const mounted = (...mounts: [path: string, type: string, options: string][]) =>
  hierarchiesOf(
    parseMounts(mounts.map(([p, t, o]) => `1 2 0:3 / ${p} rw - ${t} ${t} rw,${o}\n`).join('')),
  );

describe('doctor', () => {
  it('checks the version of Node', () => {
    const status = (version: string) => nodeFinding(version).status;
    expect(['20.19.0', '22.0.0', '20.18.9', '18.20.0'].map(status)).toEqual([
      'ok',
      'ok',
      'fail',
      'fail',
    ]);
    expect([rootFinding(0).status, rootFinding(1000).status]).toEqual(['ok', 'fail']);
  });

  it('shows where the cgroup controllers are, and which are missing', () => {
    const dir = mkdtempSync(join(tmpdir(), 'doctor-'));
    writeFileSync(join(dir, 'cgroup.controllers'), 'cpuset pids\n');
    const hybrid = mounted(['/c/m', 'cgroup', 'memory'], [dir, 'cgroup2', 'x']);
    expect(cgroupFindings(hybrid)).toEqual([
      {
        name: 'cgroups',
        status: 'fail',
        detail: 'hybrid: memory (v1), cpuset (v2), pids (v2); missing: cpu',
        fix: 'boot with cgroup_enable=cpu on the kernel command line',
      },
    ]);
    writeFileSync(join(dir, 'cgroup.controllers'), 'cpuset cpu io memory pids\n');
    expect(cgroupFindings(mounted([dir, 'cgroup2', 'x']))).toMatchObject([
      { status: 'ok', detail: 'v2: memory, cpu, cpuset, pids' },
    ]);
    rmSync(dir, { recursive: true });
    expect(cgroupFindings(mounted())[0]?.status).toBe('fail');
  });

  it('names each program with its version and package', async () => {
    const found = await programFindings();
    expect(found.find(({ name }) => name === 'cp')?.detail).toMatch(/^\d+\.\d+ \(coreutils\)$/);
    expect(found.map(({ name }) => name)).toContain('conmon');
  });

  it('measures the space where the root will be', () => {
    expect(spaceFinding(join(tmpdir(), 'not', 'there')).detail).toMatch(/^[\d.]+[BKMGT] free for /);
  });

  it('prints one finding a line, with its fix below', () => {
    const lines = plainLines([
      { name: 'ip', status: 'ok', detail: '6.1.0' },
      { name: 'conmon', status: 'fail', detail: 'not installed', fix: 'apt-get install conmon' },
    ]);
    expect(lines).toEqual([
      'ok    ip      6.1.0',
      'fail  conmon  not installed',
      '              → apt-get install conmon',
    ]);
  });
});
