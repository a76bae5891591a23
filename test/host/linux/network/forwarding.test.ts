import { expect, it } from 'vitest';
import { forwardingFinding } from '../../../../src/host/linux/network/forwarding.js';

it('reports a host that forwards packets of containers', () => {
  expect(forwardingFinding(false)).toMatchObject({ name: 'forwarding', status: 'ok' });
  expect(forwardingFinding(true)).toMatchObject({
    name: 'forwarding',
    status: 'warn',
    detail: expect.stringContaining('ip_forward is 1'),
  });
});
