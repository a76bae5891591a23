import { expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';
import { SMALL_IMAGE } from '../../support/small-image.js';
import { NOTHING, SERVER, Stack } from './stack.js';

const COUNT = 100;
const HUNDRED = {
  name: 'many',
  images: { box: SMALL_IMAGE },
  bridges: { net: { subnet: '10.77.0.0/16', host: '10.77.255.1' } },
  containers: { web: { ...SERVER, replicas: COUNT, bridges: ['net'] } },
};

it(
  'runs a hundred containers that answer, and removes them completely',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, HUNDRED);
    await stack.apply();

    const listed = JSON.parse(await stack.done('ps', '--json'));
    expect(listed).toHaveLength(COUNT);
    const addresses = listed.map((each: { addresses: { net: string } }) => each.addresses.net);
    expect(new Set(addresses).size).toBe(COUNT);
    const names = Array.from({ length: COUNT }, (_, index) => `web-${index + 1}`).sort();
    await expect.poll(() => pages(stack, addresses)).toEqual(names);
    expect(await stack.plan()).toBe(NOTHING);
    await stack.destroy();
  }),
  600_000,
);

/** The pages of HTTP servers, sorted. */
async function pages(stack: Stack, addresses: string[]): Promise<string[]> {
  const words = ['--silent', '--include', '--max-time', '5'];
  const urls = addresses.map((each) => `http://${each}/`);
  const { stdout } = await stack.host.run('curl', [...words, ...urls], { reject: false });
  const answers = stdout.matchAll(/^HTTP\/1\.[01] 200 OK\r\n(?:.+\r\n)*\r\n(.*)\n/gm);
  return [...answers].map(([, page]) => page ?? '').sort();
}
