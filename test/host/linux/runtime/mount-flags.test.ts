import { expect, it } from 'vitest';
import { dropsFlags } from '../../../../src/host/linux/runtime/mounts.js';

it('crun 1.8 alone drops the flags of the disk', () => {
  const all = ['crun 1.8', 'crun 1.8.1', 'crun 1.14', 'crun 1.80', 'runc 1.8.1'];
  const found = all.filter((each) => {
    const [name = '', version = ''] = each.split(' ');
    return dropsFlags({ name, version });
  });
  expect(found).toEqual(['crun 1.8', 'crun 1.8.1']);
});
