import { expect, it } from 'vitest';
import { difference } from './leaks.js';

it('lists left, removed and changed resources in order', () => {
  const before = { 'link bb-1': 'index 4', 'mount 7 /run/x': 'tmpfs tmpfs', same: 'same' };
  const after = { 'link bb-1': 'index 9', 'loop loop3': '/r/disks/a.img', same: 'same' };
  expect(difference(before, after)).toEqual([
    'changed: link bb-1 (index 4 → index 9)',
    'left: loop loop3 (/r/disks/a.img)',
    'gone: mount 7 /run/x (tmpfs tmpfs)',
  ]);
});
