import { expect, it } from 'vitest';
import { forwardingFinding } from '../../../../src/host/linux/network/forwarding.js';

it('reports a host that forwards packets of containers', () => {
  expect(forwardingFinding(false, false)).toMatchObject({ name: 'forwarding', status: 'ok' });
  expect(forwardingFinding(false, true)).toMatchObject({
    status: 'warn',
    detail: expect.stringMatching(/^net\.ipv6\.conf\.all\.forwarding is 1: containers/),
  });
  expect(forwardingFinding(true, true)).toMatchObject({
    name: 'forwarding',
    status: 'warn',
    detail: expect.stringContaining('ip_forward is 1'),
  });
});
