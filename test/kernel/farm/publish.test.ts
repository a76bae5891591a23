import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type Load, MODERATE, startLoad } from '../../support/load.js';
import { inPrivateHost } from '../../support/private-host.js';
import { usableRuntimes } from '../../support/runtimes.js';
import { FARM_BRIDGES, FARM_IMAGE, farmOf } from '../stack/farm-proxy.js';
import { headings, NOTHING, Stack, type StackFile } from '../stack/stack.js';

const PLACES = ['0.0.0.0:8080:80', '127.0.0.1:443:443'];

/** A farm whose bridges have no host address. */
function farmFile(publish: unknown[], { proxy = {}, name = 'pub', replicas = 2 } = {}): StackFile {
  const more = { publish, heal: 'immediate', bridges: { back: {} }, ...proxy };
  return {
    name,
    images: { box: FARM_IMAGE },
    bridges: { back: FARM_BRIDGES.back },
    farms: { shop: farmOf(replicas, '', { proxy: more, servers: WHO }) },
  };
}

/** Answers with the client address that the proxy reports. */
const WHO = {
  command: [
    ...['busybox', 'sh', '-c'],
    `busybox mkdir -p /srv/cgi-bin
printf '#!/bin/busybox sh\\necho\\necho "$HTTP_X_FORWARDED_FOR"\\n' >/srv/cgi-bin/who
busybox chmod 755 /srv/cgi-bin/who
echo page >/srv/index.html
exec busybox httpd -f -p 80 -h /srv`,
  ],
  healthcheck: { tcp: 80, interval: '1s' },
};

const who = (stack: Stack, url: string) =>
  stack.host
    .run('curl', ['--silent', '--show-error', '--insecure', '--max-time', '5', `${url}cgi-bin/who`])
    .then(({ stdout }) => stdout, String);

/** Names of the programs that have a listening socket open. */
async function holders(stack: Stack, place: string): Promise<string> {
  const { stdout } = await stack.host.run('ss', ['-Hltnp', `src = ${place}`]);
  return [...new Set([...stdout.matchAll(/"(\w+)",pid/g)].map(([, name]) => name))].sort().join();
}

it.each(usableRuntimes())(
  '%s: a farm’s proxy listens on the host from its start, across reloads and after healing',
  { timeout: 300_000 },
  (runtime) => inPrivateHost((host) => tryOut(new Stack(host), runtime))(),
);

async function tryOut(stack: Stack, runtime: string): Promise<void> {
  const { host } = stack;
  certificate(stack);
  const tls = { listen: 443, certificate: './shop.pem' };
  const proxy = { runtime, userns: 'auto', tls };
  stack.write(farmFile(PLACES, { proxy }));
  await stack.apply();
  const places = ['http://127.0.0.1:8080/', 'https://127.0.0.1/'];
  for (const each of places) expect(await who(stack, each)).toBe('127.0.0.1\n');
  expect(await holders(stack, '0.0.0.0:8080')).toBe('conmon,haproxy');
  expect(await stack.plan()).toBe(NOTHING);
  expect(await stack.done('ps')).toMatch(/ 0\.0\.0\.0:8080:80,127\.0\.0\.1:443:443 /);
  expect(await stack.done('exec', 'shop-proxy', 'busybox', 'env')).not.toContain('BALEINE');
  await expectRefusedToOthers(stack);

  const load = startLoad('http://127.0.0.1:8080/', host.pid, MODERATE);
  try {
    await applyUnderLoad(
      stack,
      load,
      farmFile(PLACES, { proxy: { ...proxy, balance: 'leastconn' } }),
    );
    await applyUnderLoad(stack, load, farmFile(PLACES, { proxy, replicas: 3 }));
    await applyUnderLoad(stack, load, farmFile(PLACES, { proxy }));
  } finally {
    await load.stop();
  }

  process.kill(await proxyPid(stack), 'SIGKILL');
  await expect.poll(() => who(stack, places[0] ?? '')).toBe('127.0.0.1\n');
  expect(await stack.plan()).toBe(NOTHING);

  stack.write(farmFile(['127.0.0.1:8081:80'], { proxy }));
  expect(headings(await stack.plan())).toEqual([
    'config.shop-proxy will be updated in-place (text changed)',
    'container.shop-proxy will be updated in-place (publish changed, sockets changed, takes a restart)',
  ]);
  await stack.apply();
  expect(await who(stack, 'http://127.0.0.1:8081/')).toBe('127.0.0.1\n');
  expect(await holders(stack, '0.0.0.0:8080')).toBe('');
  await stack.done('stop', 'shop-proxy');
  expect(await holders(stack, '127.0.0.1:8081')).toBe('');
  await stack.done('start', 'shop-proxy');
  expect(await who(stack, 'http://127.0.0.1:8081/')).toBe('127.0.0.1\n');
  await stack.destroy();
  expect(await holders(stack, '127.0.0.1:8081')).toBe('');
}

/** Applies a change: no request is lost, and the proxy's process stays the same. */
async function applyUnderLoad(stack: Stack, load: Load, changed: StackFile): Promise<void> {
  const before = await proxyPid(stack);
  await load.count();
  stack.write(changed);
  await stack.apply();
  const { requests, failed } = await load.count();
  expect({ failed, proxy: await proxyPid(stack) }).toEqual({ failed: {}, proxy: before });
  expect(requests).toBeGreaterThan(0);
}

async function proxyPid(stack: Stack): Promise<number> {
  const all: { name: string; pid: number }[] = JSON.parse(await stack.done('ps', '--json'));
  return all.find(({ name }) => name === 'shop-proxy')?.pid ?? 0;
}

async function expectRefusedToOthers({ host }: Stack): Promise<void> {
  const bridges = { back: { external: true } };
  const taken = farmFile(['0.0.0.0:8080:80'], { name: 'other' });
  const other = new Stack(host, { ...taken, bridges }, 'other.yaml');
  expect((await other.run('plan')).stderr).toMatch(
    /cannot publish 0\.0\.0\.0:8080: container shop-proxy of stack pub \(haproxy, process \d+\) listens there/,
  );
}

function certificate({ host }: Stack): void {
  const [key, pem] = [`${host.dir}/key.pem`, `${host.dir}/shop.pem`];
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=shop'];
  const made = execFileSync('openssl', [...args, '-keyout', key], { stdio: 'pipe' });
  writeFileSync(pem, Buffer.concat([made, execFileSync('cat', [key])]));
}

it(
  'moves a port from the proxy to the forwarder and back, and reports a port that another process took first',
  { timeout: 300_000 },
  inPrivateHost(async (host) => {
    const at = (more: object) => [{ host_ip: '127.0.0.1', published: 8080, target: 80, ...more }];
    const bridges = { front: {}, back: {} };
    const both = (more: object): StackFile => ({
      ...farmFile([...at(more), '127.0.0.1:8081:80'], { proxy: { bridges } }),
      bridges: FARM_BRIDGES,
    });
    const stack = new Stack(host, both({}));
    await stack.apply();
    for (const more of [{ proxy_protocol: true }, {}]) {
      stack.write(both(more));
      await stack.apply();
      await expect.poll(() => who(stack, 'http://127.0.0.1:8080/')).toBe('127.0.0.1\n');
      expect(await who(stack, 'http://127.0.0.1:8081/')).toBe('127.0.0.1\n');
      expect(await stack.plan()).toBe(NOTHING);
    }
    stack.write({
      ...farmFile(['127.0.0.1:8085:80'], { proxy: { bridges } }),
      bridges: FARM_BRIDGES,
    });
    await expectReportIfPortTaken(stack);
    expect(await who(stack, 'http://127.0.0.1:8085/')).toBe('127.0.0.1\n');
    await stack.destroy();
  }),
);

/** Another process takes the port after the plan was made. */
async function expectReportIfPortTaken(stack: Stack): Promise<void> {
  await stack.plan('--out', 'late.plan');
  const holder = spawn('nsenter', [
    ...[`--target=${stack.host.pid}`, '--net', '--', 'busybox', 'nc', '-l', '-p', '8085'],
  ]);
  const ended = once(holder, 'exit');
  const refused = async () => (await stack.run('plan')).stderr;
  await expect.poll(refused, { timeout: 20_000 }).toContain('listens there');
  expect((await stack.run('apply', 'late.plan')).stderr).toContain(
    'cannot start pub.shop-proxy: cannot listen at 127.0.0.1:8085: Address already in use',
  );
  holder.kill('SIGKILL');
  await ended;
  await stack.apply();
}
