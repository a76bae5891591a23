import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { bundleDir, installPaths } from '../../../src/model/install-paths.js';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { FARM_BRIDGES, FARM_IMAGE, farmOf } from './farm-proxy.js';
import { headings, NOTHING, SERVER, Stack, type StackFile } from './stack.js';

const PLACE = '127.0.0.1:8080';

function stackFile(publish: unknown[], farmPublish: unknown[] = []): StackFile {
  return {
    name: 'pub',
    images: { box: FARM_IMAGE },
    bridges: FARM_BRIDGES,
    containers: { web: { ...SERVER, bridges: ['back', 'front'], publish } },
    ...(farmPublish.length > 0 && {
      farms: { shop: farmOf(2, '10.77.1.10', { proxy: { publish: farmPublish }, servers: CGI }) },
    }),
  };
}

/** Answers with the client address that the proxy reports. */
const CGI = {
  command: [
    ...['busybox', 'sh', '-c'],
    `busybox mkdir -p /srv/cgi-bin
printf '#!/bin/busybox sh\\necho\\necho "$HTTP_X_FORWARDED_FOR"\\n' >/srv/cgi-bin/who
busybox chmod 755 /srv/cgi-bin/who
exec busybox httpd -f -p 80 -h /srv`,
  ],
};

const FORWARDER = 'pub.forwarder';

it(
  'reaches its container through a forwarder that is healed, changed in place and removed',
  inPrivateHost(async (host) => {
    await host.run('nft', ['add', 'table', 'inet', 'own']);
    // a new network namespace inherits the machine's setting
    await host.run('sh', ['-c', 'echo 0 >/proc/sys/net/ipv4/ip_forward']);
    const before = await filters(host);
    expect(before.join()).toMatch(/table inet own.*ip_forward:0/s);
    const stack = new Stack(host, stackFile([`${PLACE}:80`]));
    await stack.apply();
    await stack.answers(PLACE, ['web']);
    expect(await filters(host)).toEqual(before);
    expect(await stack.plan()).toBe(NOTHING);

    const { 'pub.web': web, [FORWARDER]: forwarder } = stack.processes('pub.web', FORWARDER);
    stack.write(stackFile([`${PLACE}:80`, '10.77.1.1:81:80']));
    expect(headings(await stack.plan())).toEqual([
      'config.forwarder will be updated in-place (text changed)',
      'container.web will be updated in-place (publish changed)',
    ]);
    await stack.apply();
    await stack.answers('10.77.1.1:81', ['web']);
    await stack.answers(PLACE, ['web']);
    expect(await stack.done('port', 'web')).toBe(`80/tcp -> ${PLACE}\n80/tcp -> 10.77.1.1:81\n`);
    expect(await stack.done('port', 'web', '80')).toBe(`${PLACE}\n10.77.1.1:81\n`);
    expect((await stack.run('port', 'web', '81/udp')).stderr).toBe(
      'Error: cannot find a host port for web 81/udp: it is not published\n  It publishes 80/tcp.\n',
    );
    expect(stack.processes('pub.web', FORWARDER)).toEqual({
      'pub.web': web,
      [FORWARDER]: forwarder,
    });

    expect(await stack.done('ps')).toMatch(/^web .* 127\.0\.0\.1:8080:80,10\.77\.1\.1:81:80 /m);

    stack.write(stackFile(['10.77.1.1:81:80']));
    await stack.apply();
    await expect.poll(() => stack.pages(PLACE).catch(() => 'refused')).toBe('refused');
    await stack.answers('10.77.1.1:81', ['web']);

    await killUnnoticed(stack, FORWARDER);
    await expect
      .poll(async () => headings(await stack.plan()))
      .toEqual([
        expect.stringMatching(
          /^container\.forwarder will be updated in-place \(process \d+ ended with 137 SIGKILL\)$/,
        ),
      ]);
    await stack.apply();
    await stack.answers('10.77.1.1:81', ['web']);

    stack.write(stackFile([]));
    await stack.apply();
    expect(stack.processes(FORWARDER)).toEqual({ [FORWARDER]: 'none' });
    expect(stack.processes('pub.web')).toEqual({ 'pub.web': web });
    await stack.destroy();
    expect(await filters(host)).toEqual(before);
  }),
);

it(
  'recovers when its forwarder is killed, and keeps a transfer during a change',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, stackFile([`${PLACE}:80`]));
    await stack.apply();
    await stack.answers(PLACE, ['web']);
    await stack.done(
      'exec',
      'web',
      'busybox',
      'dd',
      'if=/dev/zero',
      'of=/srv/big',
      'bs=1M',
      'count=6',
    );
    const transfer = host.run('curl', [
      ...['--silent', '--show-error', '--fail', '--limit-rate', '2M', '--output', '/dev/null'],
      ...['--write-out', '%{size_download}', `http://${PLACE}/big`],
    ]);
    stack.write(stackFile(['127.0.0.1:8082:80']));
    await stack.apply();
    await stack.answers('127.0.0.1:8082', ['web']);
    expect((await transfer).stdout).toBe(String(6 * 1024 ** 2));

    await stack.kill(FORWARDER);
    await stack.answers('127.0.0.1:8082', ['web']);
    expect(await stack.plan()).toBe(NOTHING);
    await stack.destroy();
  }),
);

it(
  'passes the client’s address to a farm by PROXY protocol if requested',
  inPrivateHost(async (host) => {
    const shop = (more: object) => [{ host_ip: '0.0.0.0', published: 8081, target: 80, ...more }];
    const stack = new Stack(host, stackFile([], shop({ proxy_protocol: true })));
    await stack.apply();
    const who = () => host.http('http://127.0.0.1:8081/cgi-bin/who').catch(() => '');
    await expect.poll(who).toBe('127.0.0.1\n');
    await stack.destroy();
  }),
);

it(
  'is refused at plan if another process has the port, which is named, or the host lacks the address',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, stackFile([`${PLACE}:80`, '10.9.9.9:8083:80']));
    const holder = spawn('nsenter', [
      ...[`--target=${host.pid}`, '--net', '--', 'busybox', 'nc', '-l', '-p', '8080'],
    ]);
    const gone = once(holder, 'exit');
    const refused = async () => (await stack.run('plan')).stderr;
    try {
      await expect.poll(refused).toContain(`busybox (process ${holder.pid}) listens there`);
      const text = await refused();
      expect(text).toMatch(/baleine\.yaml:\d+:\d+: cannot publish 127\.0\.0\.1:8080: /);
      expect(text).toMatch(
        /cannot publish 10\.9\.9\.9:8083: 10\.9\.9\.9 is not an address of this host/,
      );
    } finally {
      holder.kill('SIGKILL');
      await gone;
    }
    stack.write(stackFile([`${PLACE}:80`]));
    await stack.apply();
    await expectReportIfPortTaken(stack);
    const other = new Stack(
      host,
      { ...stackFile(['0.0.0.0:8080:80']), name: 'other', bridges: BRIDGE },
      'other.yaml',
    );
    expect((await other.run('plan')).stderr).toMatch(
      /cannot publish 0\.0\.0\.0:8080: container forwarder of stack pub \(haproxy, process \d+\) listens there/,
    );
    await stack.destroy();
  }),
);

/** Another process takes the port after the plan was made. */
async function expectReportIfPortTaken(stack: Stack): Promise<void> {
  stack.write(stackFile([`${PLACE}:80`, '127.0.0.1:8085:80']));
  await stack.plan('--out', 'late.plan');
  const holder = spawn('nsenter', [
    ...[`--target=${stack.host.pid}`, '--net', '--', 'busybox', 'nc', '-l', '-p', '8085'],
  ]);
  await once(holder, 'spawn');
  await expect.poll(async () => (await stack.run('plan')).stderr).toContain('listens there');
  expect((await stack.run('apply', 'late.plan')).stderr).toContain('cannot reload forwarder');
  await stack.answers(PLACE, ['web']);
  const gone = once(holder, 'exit');
  holder.kill('SIGKILL');
  await gone;
  await stack.apply();
  await stack.answers('127.0.0.1:8085', ['web']);
}

const BRIDGE = {
  front: { external: true },
  back: { external: true },
};

/** Kills a container whose monitor does not call baleine. */
async function killUnnoticed(stack: Stack, id: string): Promise<void> {
  await stack.host.run('rm', [join(bundleDir(installPaths(stack.host.root), id), 'heal')]);
  await stack.kill(id);
}

/** Packet filter rules and network settings of the host, except those of single links. */
async function filters(host: PrivateHost): Promise<string[]> {
  const print = async (program: string, ...args: string[]) =>
    (await host.run(program, args, { reject: false })).stdout.replace(/^#.*$/gm, '');
  const settings = await print('grep', '-rs', '', '/proc/sys/net');
  const lasting = settings.split('\n').filter((line) => !/\/(bb|bv)-|conntrack_count:/.test(line));
  return [await print('nft', 'list', 'ruleset'), await print('iptables-save'), ...lasting.sort()];
}
