import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';

const SERVE =
  'busybox mkdir -p /srv; busybox hostname >/srv/index.html; exec busybox httpd -f -p 80 -h /srv';
const SERVER = ['--', 'busybox', 'sh', '-c', SERVE];

async function begin(host: PrivateHost): Promise<void> {
  await host.baleine(['image', 'create', 'base', '--size', '16M', '--from-host', '/bin/busybox']);
  const network = ['--subnet', '10.77.1.0/24', '--host', '10.77.1.1'];
  await host.baleine(['network', 'create', 'front', ...network]);
}

const create = (host: PrivateHost, name: string, ...args: string[]) =>
  host.baleine(['container', 'create', name, '--image', 'base', '--start', ...args], {
    reject: false,
  });

const specOf = async (host: PrivateHost, name: string) =>
  JSON.parse((await host.baleine(['container', 'inspect', name])).stdout)[0].spec;

const listed = async (host: PrivateHost) =>
  (await host.baleine(['container', 'list', '-a', '-q'])).stdout.split('\n').filter(Boolean);

it(
  'publishes ports of containers made by hand',
  inPrivateHost(async (host) => {
    await begin(host);
    const page = (port: number) => host.http(`http://127.0.0.1:${port}/`).catch(() => 'closed');
    const front = ['--bridge', 'front', '--stop-signal', 'KILL'];
    expect((await create(host, 'one', '-p', '8080:80', ...front, ...SERVER)).code).toBe(0);
    await expect.poll(() => page(8080)).toBe('one\n');
    expect(
      (await create(host, 'two', '-p', '127.0.0.1:8081:80/tcp', ...front, ...SERVER)).code,
    ).toBe(0);
    await expect.poll(() => page(8081)).toBe('two\n');
    expect(await page(8080)).toBe('one\n');
    expect((await host.baleine(['container', 'port', 'two'])).stdout).toBe(
      '80/tcp -> 127.0.0.1:8081\n',
    );

    const taken = await create(host, 'three', '-p', '127.0.0.1:8080:80', ...front, ...SERVER);
    expect(taken).toMatchObject({ code: 1, stdout: '' });
    expect(taken.stderr).toContain(
      'cannot create container three: container one already publishes 0.0.0.0:8080',
    );
    expect(await listed(host)).toEqual(['forwarder', 'one', 'two']);

    const words = ['-p', '80', '-p', '9000-9001:80', '-p', '53/udp'];
    expect((await create(host, 'four', ...words, ...front, ...SERVER)).code).toBe(0);
    const { stdout: ports } = await host.baleine(['container', 'port', 'four']);
    expect(ports).toMatch(
      /^80\/tcp -> 0\.0\.0\.0:6\d{4}\n80\/tcp -> 0\.0\.0\.0:9000\n53\/udp -> 0\.0\.0\.0:6\d{4}\n$/,
    );
    await expect.poll(() => page(Number(/:(6\d+)/.exec(ports)?.[1]))).toBe('four\n');
    await host.baleine(['container', 'restart', 'four']);
    expect((await host.baleine(['container', 'port', 'four'])).stdout).toBe(ports);
    expect(await listed(host)).toEqual(['forwarder', 'forwarder-udp', 'four', 'one', 'two']);
    await host.baleine(['container', 'rm', '-f', 'four']);
    expect(await listed(host)).toEqual(['forwarder', 'one', 'two']);

    await host.baleine(['container', 'rm', '-f', 'one']);
    await expect.poll(() => page(8080)).toBe('closed');
    expect(await page(8081)).toBe('two\n');
    await host.baleine(['container', 'rm', '-f', 'two']);
    expect(await listed(host)).toEqual([]);
    await host.baleine(['network', 'rm', 'front']);
    await host.baleine(['image', 'rm', 'base']);
  }),
  120_000,
);

it(
  'takes health checks, variables of a file, and mounts',
  inPrivateHost(async (host) => {
    await begin(host);
    writeFileSync(join(host.dir, 'vars'), 'FROM_FILE="a $5 b"\nBOTH=file\n');
    const flags = [
      ...['--env-file', 'vars', '-e', 'BOTH=flag'],
      ...['--health-cmd', 'busybox true', '--health-interval', '5s', '--health-retries', '2'],
      ...['--health-timeout', '1s', '--health-start-period', '10s'],
      ...[
        '--mount',
        'type=volume,src=data,dst=/data,readonly',
        '--mount',
        'type=bind,source=/etc,target=/e',
      ],
      ...['--init', '--dns', '10.77.1.1', '--tmpfs', '/cache', '--ulimit', 'nofile=64:128'],
    ];
    expect(await create(host, 'one', ...flags, ...SERVER)).toMatchObject({ code: 0 });
    const spec = await specOf(host, 'one');
    expect(spec.healthcheck).toMatchObject({
      interval: 5000,
      retries: 2,
      timeout: 1000,
      start_period: 10_000,
    });
    expect(spec.environment).toMatchObject({ FROM_FILE: 'a $5 b', BOTH: 'flag' });
    expect(spec.mounts.map(({ target }: { target: string }) => target).sort()).toEqual([
      '/data',
      '/e',
    ]);
    expect(spec.init).toBe(true);
    const ran = await host.baleine(['run', '--env-file', 'vars', 'base', 'busybox', 'env']);
    expect(ran.stdout).toContain('FROM_FILE=a $5 b\n');

    const wrong = await create(host, 'two', '--no-healthcheck', '--health-cmd', 'x');
    expect(wrong.stderr).toContain('--no-healthcheck contradicts --health-…');
    expect((await create(host, 'two', '--mount', 'kind=volume')).stderr).toContain(
      'type=volume|bind|tmpfs',
    );
    expect((await create(host, 'two', '--env-file', 'missing')).stderr).toContain('missing');
    await host.baleine(['container', 'rm', '-f', 'one']);
    await host.baleine(['volume', 'rm', 'data']);
    await host.baleine(['network', 'rm', 'front']);
    await host.baleine(['image', 'rm', 'base']);
  }),
  120_000,
);

it(
  'publishes ports of a one-off container while it runs',
  inPrivateHost(async (host) => {
    await begin(host);
    const page = () => host.http('http://127.0.0.1:8080/').catch(() => 'closed');
    const line = `${SERVE.replace('exec busybox httpd -f', 'busybox httpd')}; busybox sleep 12; exit 0`;
    const words = ['-p', '8080:80', '-p', '53/udp', '--bridge', 'front', 'base', '--'];
    const running = host.baleine(['run', '--name', 'once', ...words, 'busybox', 'sh', '-c', line], {
      reject: false,
    });
    await expect.poll(page, { timeout: 20_000 }).toBe('once\n');
    expect((await host.baleine(['container', 'port', 'once'])).stdout).toMatch(
      /^80\/tcp -> 0\.0\.0\.0:8080\n53\/udp -> 0\.0\.0\.0:6\d{4}\n$/,
    );
    await running;
    expect(await page()).toBe('closed');
    expect(await listed(host)).toEqual([]);
    await host.baleine(['network', 'rm', 'front']);
    await host.baleine(['image', 'rm', 'base']);
  }),
  120_000,
);
