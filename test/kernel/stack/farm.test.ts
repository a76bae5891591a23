import { expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';
import { headings, NOTHING, SERVER, Stack } from './stack.js';

const FARM_IMAGE = {
  size: '64M',
  from: { host: { binaries: ['/bin/busybox', '/usr/sbin/haproxy'] } },
};

const farm = (replicas: number) => ({
  name: 'farm',
  images: { box: FARM_IMAGE },
  bridges: {
    front: { subnet: '10.77.1.0/24', host: '10.77.1.1' },
    back: { subnet: '10.77.2.0/24', isolated: true },
  },
  farms: {
    web: {
      servers: { ...SERVER, replicas, bridges: ['back'], port: 80 },
      proxy: {
        image: 'box',
        engine: 'haproxy',
        bridges: { front: { address: '10.77.1.10' }, back: {} },
        listen: 80,
      },
    },
  },
});

const servers = (count: number) =>
  Array.from({ length: count }, (_, index) => `web-server-${index + 1}`);
const ids = (count: number) => servers(count).map((name) => `farm.${name}`);

it(
  'grows and shrinks behind a proxy that keeps running',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, farm(3));
    await stack.apply();
    await stack.answers('10.77.1.10', servers(3));
    const three = stack.processes(...ids(3), 'farm.web-proxy');

    stack.write(farm(5));
    expect(headings(await stack.plan())).toEqual([
      'container.web-server-4 will be created (new)',
      'container.web-server-5 will be created (new)',
      'config.web-proxy will be updated in-place (text changed)',
    ]);
    await stack.apply();
    await stack.answers('10.77.1.10', servers(5));
    expect(stack.processes(...ids(3), 'farm.web-proxy')).toEqual(three);
    expect(await stack.plan()).toBe(NOTHING);

    stack.write(farm(2));
    expect(headings(await stack.plan())).toEqual([
      'config.web-proxy will be updated in-place (text changed)',
      'container.web-server-3 will be destroyed (no longer in the file)',
      'container.web-server-4 will be destroyed (no longer in the file)',
      'container.web-server-5 will be destroyed (no longer in the file)',
    ]);
    await stack.apply();
    await stack.answers('10.77.1.10', servers(2));
    expect(stack.processes(...ids(5), 'farm.web-proxy')).toEqual({
      ...three,
      'farm.web-server-3': 'none',
      'farm.web-server-4': 'none',
      'farm.web-server-5': 'none',
    });
    expect(await stack.plan()).toBe(NOTHING);
    await stack.destroy();
  }),
);
