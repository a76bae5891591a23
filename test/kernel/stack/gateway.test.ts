import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { installPaths, netnsName } from '../../../src/model/install-paths.js';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { headings, NOTHING, Stack } from './stack.js';

/** The router of the building, and another machine far behind it. */
const ROUTER = '192.168.9.1';
const FAR = '203.0.113.10';

/** A router beyond eth1, in a namespace; a web server behind it has the page `far`. */
async function building(host: PrivateHost): Promise<() => Promise<void>> {
  await host.run('ip', ['netns', 'add', 'router']);
  const peer = ['peer', 'name', 'lan', 'netns', 'router'];
  await host.run('ip', ['link', 'add', 'eth1', 'type', 'veth', ...peer]);
  const there = (...all: string[]) => host.run('ip', ['-netns', 'router', ...all]);
  await there('address', 'add', `${ROUTER}/24`, 'dev', 'lan');
  await there('address', 'add', `${FAR}/32`, 'dev', 'lo');
  for (const each of ['lo', 'lan']) await there('link', 'set', each, 'up');
  const pages = join(host.dir, 'pages');
  mkdirSync(pages);
  writeFileSync(join(pages, 'index.html'), 'far\n');
  const enter = ['nsenter', `--target=${host.pid}`, '--mount', '--net', '--'];
  const listen = ['busybox', 'httpd', '-f', '-p', `${FAR}:80`, '-h', pages];
  const server = serve([...enter, 'ip', 'netns', 'exec', 'router', ...listen]);
  return async () => {
    server.kill('SIGKILL');
    await once(server, 'exit');
    await host.run('ip', ['link', 'delete', 'eth1']);
    await host.run('ip', ['netns', 'delete', 'router']);
  };
}

/** Ends with this process at the latest, unless it changes its user (prctl(2), PR_SET_PDEATHSIG). */
const serve = (command: string[]): ChildProcess =>
  spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...command], { stdio: 'ignore' });

/** The example, and a container on a bridge of its own beside the one of the building. */
function copyExample(host: PrivateHost): Stack {
  cpSync('examples/lan', host.dir, { recursive: true });
  return new Stack(host);
}

it(
  'containers on a real network reach what is behind its router, and are reached from there',
  inPrivateHost(async (host) => {
    const close = await building(host);
    const stack = copyExample(host);
    await stack.apply();
    expect(await stack.plan()).toBe(NOTHING);
    const get = `busybox printf 'GET / HTTP/1.0\\r\\n\\r\\n' | busybox nc -w 2 ${FAR} 80`;
    const far = async (container: string) =>
      (await stack.run('exec', container, 'busybox', 'sh', '-c', get)).stdout;
    const resolv = (container: string) =>
      stack.done('exec', container, 'busybox', 'cat', '/etc/resolv.conf');
    for (const each of ['page', 'worker']) {
      await expect.poll(() => far(each)).toContain('far');
      expect(await resolv(each)).toBe(`nameserver ${ROUTER}\n`);
    }
    const asked = ['curl', '-sS', '-m', '5', 'http://192.168.9.20/'];
    const { stdout } = await host.run('ip', ['netns', 'exec', 'router', ...asked]);
    expect(stdout).toBe('A container on the network of the building.\n');
    expect(await stack.done('inspect', 'worker', '--json')).toContain('"192.168.9.192/24"');
    const running = stack.processes('lan.page', 'lan.worker');

    // a lost route is named and set again, without a restart
    const netns = netnsName(installPaths(host.root), 'lan.worker');
    await host.run('ip', ['-netns', netns, 'route', 'delete', 'default']);
    expect(headings(await stack.plan())).toEqual([
      `container.worker will be updated in-place (default route via ${ROUTER} is missing)`,
    ]);
    await stack.apply();
    await expect.poll(() => far('worker')).toContain('far');

    // one opts out, the name server changes, both while they run
    const before = readFileSync(stack.file, 'utf8');
    stack.write(
      before
        .replace('dns: 192.168.9.1', 'dns: [192.168.9.53, 192.168.9.54]')
        .replace('bridges: [building]', 'bridges: [building]\n    egress: false'),
    );
    expect(headings(await stack.plan())).toEqual([
      'bridge.building will be updated in-place (dns ["192.168.9.1"] → ["192.168.9.53","192.168.9.54"])',
      'container.page will be updated in-place (bridges.building eth0 192.168.9.20/24 via 192.168.9.1 → eth0 192.168.9.20/24 via 192.168.9.1)',
      'container.worker will be updated in-place (bridges.building eth0 192.168.9.192/24 via 192.168.9.1 → eth0 192.168.9.192/24)',
    ]);
    await stack.apply();
    expect(await stack.plan()).toBe(NOTHING);
    expect(await resolv('page')).toBe('nameserver 192.168.9.53\nnameserver 192.168.9.54\n');
    expect(await resolv('worker')).toBe('');
    expect(await far('page')).toContain('far');
    expect(await far('worker')).toBe('');
    expect(stack.processes('lan.page', 'lan.worker')).toEqual(running);
    await stack.destroy();
    await close();
  }),
);

/** Answers DHCP questions in the network of the router, and names it and another name server. */
async function dhcpServer(host: PrivateHost): Promise<() => Promise<void>> {
  const enter = ['nsenter', `--target=${host.pid}`, '--mount', '--net', '--'];
  const server = serve([
    ...[...enter, 'ip', 'netns', 'exec', 'router', 'dnsmasq', '--keep-in-foreground'],
    ...['--conf-file=/dev/null', '--pid-file=', '--port=0', '--user=root', '--no-ping'],
    ...['--interface=lan', '--bind-interfaces', '--dhcp-range=192.168.9.64,192.168.9.127,2m'],
    ...[`--dhcp-option=3,${ROUTER}`, `--dhcp-option=6,${ROUTER},192.168.9.53`],
    `--dhcp-leasefile=${join(host.dir, 'leases')}`,
  ]);
  const listens = async () => {
    const { stdout } = await host.run('ip', ['netns', 'exec', 'router', 'ss', '-Hlun']);
    return stdout.includes(':67 ');
  };
  await expect.poll(listens, { timeout: 20_000 }).toBe(true);
  return async () => {
    server.kill('SIGTERM');
    await once(server, 'exit');
  };
}

it(
  'learns its gateway and name servers by DHCP, and keeps them',
  inPrivateHost(async (host) => {
    const close = await building(host);
    const stack = copyExample(host);
    const text = readFileSync(stack.file, 'utf8');
    stack.write(text.replace(/gateway: .*/, 'gateway: auto').replace(/dns: .*/, ''));
    const before = await host.snapshot();
    const down = await stack.run('plan');
    expect(down.stderr).toMatch(
      /baleine\.yaml:16:5: cannot find the gateway of bridge building: interface eth1 is down/,
    );
    await host.run('ip', ['link', 'set', 'eth1', 'up']);
    const silent = await stack.run('apply', '-y');
    expect(silent.stderr).toContain('no DHCP server answers on eth1');
    expect(silent.code).toBe(1);
    await host.run('ip', ['link', 'set', 'eth1', 'down']);
    expect(await stack.changes(before)).toEqual([]);
    await host.run('ip', ['link', 'set', 'eth1', 'up']);

    const end = await dhcpServer(host);
    await stack.apply();
    await end();
    expect(await stack.plan()).toBe(NOTHING);
    expect(await stack.done('exec', 'worker', 'busybox', 'cat', '/etc/resolv.conf')).toBe(
      `nameserver ${ROUTER}\nnameserver 192.168.9.53\n`,
    );
    const get = `busybox printf 'GET / HTTP/1.0\\r\\n\\r\\n' | busybox nc -w 2 ${FAR} 80`;
    const far = async () => (await stack.run('exec', 'worker', 'busybox', 'sh', '-c', get)).stdout;
    await expect.poll(far).toContain('far');
    await stack.destroy();
    await close();
  }),
  300_000,
);
