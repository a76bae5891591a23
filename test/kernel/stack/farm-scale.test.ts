import { expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';
import { farmOf, farmStack } from './farm-proxy.js';
import { NOTHING, Stack } from './stack.js';

const ADDRESS = '10.77.1.10';
const names = (count: number) => Array.from({ length: count }, (_, i) => `web-server-${i + 1}`);
const words = (replicas: number) => farmStack({ web: farmOf(replicas, ADDRESS) });

it(
  'keeps the number set by `scale` until the file changes its own',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, words(2));
    await stack.apply();
    await stack.answers(ADDRESS, names(2));
    const two = stack.processes('farm.web-server-1', 'farm.web-server-2', 'farm.web-proxy');

    await stack.done('scale', 'web=4');
    await stack.answers(ADDRESS, names(4));
    expect(await stack.plan()).toBe(
      `${NOTHING}\nLeft as it is:\n  config.web-proxy is scaled to 4 servers by \`baleine scale\`; the file has 2\n`,
    );
    await stack.apply('--quiet');
    await stack.answers(ADDRESS, names(4));
    expect(stack.processes('farm.web-server-1', 'farm.web-server-2', 'farm.web-proxy')).toEqual(
      two,
    );

    await stack.done('scale', 'web=1');
    await stack.answers(ADDRESS, names(1));
    await stack.done('scale', 'web=file');
    await stack.answers(ADDRESS, names(2));
    expect(await stack.plan()).toBe(NOTHING);

    await stack.done('scale', 'web=1');
    stack.write(words(3));
    await stack.apply();
    await stack.answers(ADDRESS, names(3));
    expect(await stack.plan()).toBe(NOTHING);

    const unknown = await stack.run('scale', 'wbe=2');
    expect(unknown.stderr).toContain('cannot scale wbe: no farm of that name in stack farm');
    await stack.destroy();
  }),
);
