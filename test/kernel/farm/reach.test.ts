import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type Load, MODERATE, startLoad } from '../../support/load.js';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { NOTHING, Stack } from '../stack/stack.js';
import { cutOff, during, versions } from './during.js';
import { webFarm } from './web-farm.js';

/** The port of each version, and the only path that its health check can use. */
const REACH = {
  v1: { port: 80, path: 'up' },
  v2: { port: 81, path: 'ready' },
  ill: { port: 81, path: 'ready' },
};
type Version = keyof typeof REACH;

/** The second server of version `ill` answers requests but is never healthy. */
const startOf = (version: Version) => {
  const { port, path } = REACH[version];
  const unless2nd = version === 'ill' ? '[ "$(busybox hostname)" = web-server-2 ] || ' : '';
  return [
    'busybox mkdir -p /srv',
    `echo "$(busybox hostname) ${version}" >/srv/index.html`,
    `${unless2nd}echo >/srv/${path}`,
    // longer than the proxy retries a connection to the previous server
    'busybox sleep 2',
    `exec busybox httpd -f -p ${port} -h /srv`,
  ].join('\n');
};

function farm(version: Version, update: object) {
  const { port, path } = REACH[version];
  const healthcheck = { http: { port, path: `/${path}` }, interval: '1s', retries: 4 };
  const servers = { command: ['busybox', 'sh', '/start'], port, healthcheck };
  return webFarm({ from: `./${version}`, to: '/start' }, servers, update);
}

function writeVersions({ dir }: PrivateHost): void {
  for (const version of Object.keys(REACH) as Version[]) {
    writeFileSync(join(dir, version), startOf(version));
  }
}

/** Runs a test on a farm of version v1 that a client queries all the time. */
async function underLoad(
  update: object,
  test: (stack: Stack, load: Load) => Promise<void>,
): Promise<void> {
  await inPrivateHost(async (host) => {
    writeVersions(host);
    const stack = new Stack(host, farm('v1', update));
    await stack.apply();
    const pages = () => stack.pages('10.77.1.10').catch(() => []);
    await expect.poll(pages, { timeout: 30_000 }).toHaveLength(1);
    const load = startLoad('http://10.77.1.10/', host.pid, MODERATE);
    try {
      await test(stack, load);
    } finally {
      await load.stop();
    }
    await stack.destroy();
  })();
}

const answering = (load: Load) =>
  expect.poll(async () => {
    const counts = await load.count();
    return [versions(counts), counts.failed];
  });

/** The output of `plan` while the farm is pinned to its previous release. */
const PINNED = [
  NOTHING,
  'Left as it is:',
  ...[1, 2].map(
    (n) =>
      `  container.web-server-${n} is rolled back: the file asks for another image, healthcheck, port`,
  ),
  '',
].join('\n');

const ORDERS = ['start-first', 'stop-first'];
const timeout = 300_000;

it.each(ORDERS)(
  'moves servers to another port and health check, and back, %s',
  { timeout },
  (order) =>
    underLoad({ order }, async (stack, load) => {
      stack.write(farm('v2', { order }));
      const changed = await during(`${order}, another port and check`, load, () => stack.apply());
      expect(changed.failed).toEqual({});
      await answering(load).toEqual([['v2'], {}]);
      expect(await stack.plan()).toBe(NOTHING);

      const back = await during(`${order}, rolled back`, load, () =>
        stack.done('rollback', 'web', '-y'),
      );
      expect(back.failed).toEqual({});
      await answering(load).toEqual([['v1'], {}]);
      expect(await stack.plan()).toBe(PINNED);
    }),
);

/** Sends two requests over one connection, 8 s apart; prints the status of the second answer. */
const IDLE_CLIENT = `
import { Agent, get } from 'node:http';
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const ask = () => new Promise((resolve, reject) => {
  const request = get('http://10.77.1.10/', { agent }, (response) => {
    response.resume().on('end', () => resolve([response.statusCode, request.reusedSocket]));
  });
  request.on('error', reject);
});
await ask();
process.stdout.write('asked');
await new Promise((resolve) => setTimeout(resolve, 8000));
console.log(JSON.stringify(await ask()));
agent.destroy();
`;

it('waits for clients with open connections to the previous servers', { timeout }, () =>
  underLoad({ order: 'stop-first' }, async (stack) => {
    const idle = stack.host.run(process.execPath, ['--input-type=module', '-e', IDLE_CLIENT]);
    await sleep(1000);
    stack.write(farm('v2', { order: 'stop-first' }));
    await stack.apply();
    expect((await idle).stdout).toBe('asked[200,true]\n');
  }),
);

it.each(ORDERS)('rolls back when it fails halfway, %s', { timeout }, (order) => {
  const update = { order, failure_action: 'rollback' };
  return underLoad(update, async (stack, load) => {
    stack.write(farm('ill', update));
    const undone = await during(`${order}, undone`, load, async () => {
      const { code, stderr } = await stack.run('apply', '-y');
      expect(code).toBe(1);
      expect(stderr).toMatch(/web-server-2: it is not well(.|\n)*^Error: web is as it was/m);
    });
    expect(undone.failed).toEqual({});
    expect(versions(undone)).toContain('ill');
    await answering(load).toEqual([['v1'], {}]);
    expect(await stack.plan()).toBe(PINNED);
  });
});

it.each(ORDERS)('continues an interrupted update, %s', { timeout }, (order) =>
  underLoad({ order }, async (stack, load) => {
    stack.write(farm('v2', { order }));
    const down = () => stack.pids('farm.web-server-2').length === 0;
    const cut = await during(`${order}, cut off`, load, () => cutOff(stack, down));
    const rest = await during(`${order}, the rest`, load, () => stack.apply());
    expect([cut.failed, rest.failed]).toEqual([{}, {}]);
    await answering(load).toEqual([['v2'], {}]);
    expect(await stack.plan()).toBe(NOTHING);
  }),
);
