import { expect, it } from 'vitest';
import {
  mountPoints,
  mountsOf,
  parseMounts,
} from '../../../../src/host/linux/disks/mount-table.js';

const TABLE = [
  '32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct',
  '36 35 7:0 /sub\\040dir /run/a\\134b rw,nodev shared:1 master:2 - ext4 /dev/loop\\0113 rw',
  '',
].join('\n');

it('reads mountinfo with any number of optional fields and octal escapes', () => {
  expect(parseMounts(TABLE)).toEqual([
    {
      path: '/sys/fs/cgroup/cpu',
      root: '/',
      type: 'cgroup',
      source: 'cgroup',
      options: ['rw', 'cpu', 'cpuacct'],
    },
    {
      path: '/run/a\\b',
      root: '/sub dir',
      type: 'ext4',
      source: '/dev/loop\t3',
      options: ['rw'],
    },
  ]);
});

it('returns only the paths, or the mounts of a type', () => {
  expect([...mountPoints(TABLE).keys()]).toEqual(['/sys/fs/cgroup/cpu', '/run/a\\b']);
  expect(mountsOf('cgroup', TABLE)).toEqual(parseMounts(TABLE).slice(0, 1));
  expect(mountPoints('').size).toBe(0);
});
