import { expect, it } from 'vitest';
import { checkpointObstacle, folderOf } from '../../src/model/checkpoint.js';
import type { ContainerSpec } from '../../src/model/specs.js';

const obstacle = (part: Partial<ContainerSpec>) => checkpointObstacle(part as ContainerSpec);

it('refuses what belongs to others or is the host’s', () => {
  const userns = { first: 1_879_048_192, count: 65_536 };
  expect(obstacle({})).toBeUndefined();
  expect(obstacle({ ipc: 'none', sockets: [] })).toBeUndefined();
  expect(obstacle({ host_network: true })).toContain('network');
  expect(obstacle({ network: { id: 's.web', from: 'service:web' } })).toContain('network');
  expect(obstacle({ pid_namespace: { id: 's.web', from: 'service:web' } })).toContain('process');
  expect(obstacle({ ipc: 'shareable' })).toContain('memory');
  expect(obstacle({ userns })).toContain('user namespace');
  expect(obstacle({ sockets: [{ port: 80 }] as never })).toContain('sockets');
});

it('names folders so that the newest sorts last', () => {
  const times = [
    '2026-11-29T09:59:59.999Z',
    '2026-11-29T10:00:00.000Z',
    '2027-01-01T00:00:00.000Z',
  ];
  const names = times.map((created_at) => folderOf({ created_at }));
  expect(names[0]).toBe('2026-11-29T09-59-59.999Z');
  expect([...names].sort()).toEqual(names);
});
