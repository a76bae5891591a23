import { expect, it } from 'vitest';
import { withNextTimes } from '../../src/app/due-work/next-times.js';
import { localTime } from '../../src/view/tables.js';
import { MemoryStack } from '../support/memory-stack.js';

const file = (schedule: string, more = '') => `name: shop
images:
  box: { size: 64M, from: { host: { binaries: [/bin/busybox] } }, command: [busybox] }
jobs: { report: { image: box, schedule: "${schedule}", timezone: UTC${more} } }
`;

it('a plan says when a new or changed schedule comes first, and no other', async () => {
  const stack = new MemoryStack();
  const now = new Date('2026-06-10T12:01:00Z');
  const reasons = (text: string) =>
    withNextTimes(stack.plan(text), stack.rows, now).changes.find(
      ({ address }) => address === 'job.report',
    )?.reasons;
  const at = (text: string) => `first run at ${localTime(new Date(text))}`;
  expect(reasons(file('*/15 * * * *'))).toEqual(['new', at('2026-06-10T12:15:00Z')]);
  await stack.apply(file('*/15 * * * *'));
  expect(reasons(file('*/15 * * * *', ', retries: 1'))).toEqual(['retries 0 → 1']);
  expect(reasons(file('0 3 * * *'))).toEqual([
    'schedule */15 * * * * → 0 3 * * *',
    at('2026-06-11T03:00:00Z'),
  ]);
  expect(reasons(file('*/15 * * * *').replace(/jobs:.*/, ''))).toEqual(['no longer in the file']);
});
