import { expect, it } from 'vitest';
import { bindsRecursively, mountsOf } from '../../../../src/host/linux/runtime/mounts.js';

it.each<[string, string, string, boolean]>([
  ['crun', '1.8.1', '6.1.0-18-amd64', true],
  ['crun', '1.3', '6.1.0', false],
  ['runc', '1.1.5+ds1', '5.12.0', true],
  ['runc', '1.0.3', '6.1.0', false],
  ['runc', '1.1.5', '5.10.0-28-amd64', false],
  ['other', '9.9', '6.1.0', false],
])('%s %s on Linux %s: %s', (name, version, kernel, can) => {
  expect(bindsRecursively({ name, version }, kernel)).toBe(can);
});

it('applies options to nested mounts, or mounts the top only', () => {
  const mounts = [
    { source: '/a', target: '/a', read_only: true },
    { source: '/b', target: '/b', read_only: false },
  ];
  const optionsOf = (recursive: boolean) =>
    mountsOf({ mounts, tmpfs: [], read_only: false }, {}, recursive)
      .filter(({ type }) => type === 'bind')
      .map(({ options }) => options?.join());
  expect(optionsOf(true)).toEqual([
    'rbind,rprivate,nosuid,nodev,ro,rnosuid,rnodev,rro',
    'rbind,rprivate,nosuid,nodev,rw,rnosuid,rnodev',
  ]);
  expect(optionsOf(false)).toEqual([
    'bind,rprivate,nosuid,nodev,ro',
    'bind,rprivate,nosuid,nodev,rw',
  ]);
});
