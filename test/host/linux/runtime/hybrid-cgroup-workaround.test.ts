import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Hierarchies } from '../../../../src/host/linux/cgroups/hierarchies.js';
import { hybridCgroupWorkaround } from '../../../../src/host/linux/runtime/hybrid-cgroup-workaround.js';

it('hides cgroup v2 from a runtime only if no controller of ours is on it', () => {
  const unified = mkdtempSync(join(tmpdir(), 'unified-'));
  onTestFinished(() => rmSync(unified, { recursive: true }));
  const list = join(unified, 'cgroup.controllers');
  const host = (mode: Hierarchies['mode'], controllers: string) => {
    writeFileSync(list, `${controllers}\n`);
    return { mode, v1: new Map(), named: [], unified };
  };
  const command = hybridCgroupWorkaround(host('hybrid', 'hugetlb rdma'), '/usr/bin/crun');
  expect(command?.slice(1)).toEqual([
    ...['--mount', '--propagation', 'slave', '--', '/bin/sh', '-c'],
    'mount --bind /dev/null "$1" && shift && exec "$@"',
    ...['sh', list, '/usr/bin/crun'],
  ]);
  for (const [mode, controllers] of [
    ['hybrid', ''],
    ['hybrid', 'hugetlb io'],
    ['hybrid', 'memory'],
    ['v2', 'hugetlb'],
  ] as const) {
    expect(hybridCgroupWorkaround(host(mode, controllers), '/usr/bin/crun')).toBeUndefined();
  }
  expect(hybridCgroupWorkaround({ mode: 'v1', v1: new Map(), named: [] }, '/x')).toBeUndefined();
});
