import { expect, it } from 'vitest';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { Background } from './background.js';
import { NOTHING, Stack } from './stack.js';

const sh = (text: string) => ['busybox', 'sh', '-c', text];
/** Answers each request on port 80 with its first argument. */
const SERVE = (text: string) =>
  sh(
    `busybox mkdir -p /w; echo ${text} >/w/index.html; echo up; exec busybox httpd -f -p 80 -h /w`,
  );

const FILE = {
  name: 'one',
  images: { box: SMALL_IMAGE },
  bridges: {
    net: { subnet: '10.77.1.0/24', host: '10.77.1.1' },
    inner: { subnet: '10.77.2.0/24' },
  },
  containers: {
    db: { image: 'box', command: IDLE, bridges: ['net'], publish: ['127.0.0.1:8098:80'] },
    app: {
      image: 'box',
      command: SERVE('service'),
      bridges: ['net'],
      publish: ['127.0.0.1:8099:80', '127.0.0.1:8099:81/udp'],
      depends_on: ['db'],
      stop_signal: 'SIGKILL',
    },
    alone: { image: 'box', command: IDLE, bridges: ['inner'] },
  },
};

/** What HTTP answers on a port of the private host; the empty text where nobody listens. */
const get = (host: PrivateHost, port: number): Promise<string> =>
  host.http(`http://127.0.0.1:${port}/`).then(
    (text) => text.trim(),
    () => '',
  );

it(
  'publishes the ports of a service for a one-off container, while its command runs',
  inPrivateHost(async (host) => {
    const stack = new Stack(host, FILE);
    const start = (...words: string[]) => new Background(host, stack.file, 'run', ...words);

    const first = start('-P', '--name', 'first', 'app', ...SERVE('once'));
    await first.says('up');
    expect(await get(host, 8099)).toBe('once');
    expect(await stack.done('ps', '-q')).toBe('db\nfirst\n');
    expect(await stack.done('port', 'first')).toBe(
      '80/tcp -> 127.0.0.1:8099\n81/udp -> 127.0.0.1:8099\n',
    );
    // nothing that another plan does concerns it
    expect((await stack.run('apply', '-y')).stderr).toMatch(
      /cannot publish 127\.0\.0\.1:8099: node \(process \d+\) listens there/,
    );
    expect(await get(host, 8099)).toBe('once');
    first.signal('SIGTERM');
    await first.ended;
    expect(await get(host, 8099)).toBe('');

    await stack.apply();
    expect(await get(host, 8099)).toBe('service');
    const before = stack.processes('one.db', 'one.app');
    const taken = await stack.run('run', '--service-ports', 'app', 'busybox', 'true');
    expect(taken.code).toBe(1);
    expect(taken.stderr).toMatch(
      /^Error: cannot run service app: cannot publish 127\.0\.0\.1:8099: container forwarder of stack one \(haproxy, process \d+\) listens there, for app$/m,
    );
    expect(await stack.done('ps', '-qa')).toBe('alone\napp\ndb\nforwarder\nforwarder-udp\n');

    const second = start('-p', '127.0.0.1:8100:80', 'app', ...SERVE('named'));
    await second.says('up');
    expect([await get(host, 8099), await get(host, 8100)]).toEqual(['service', 'named']);
    second.signal('SIGKILL');
    await second.ended;
    expect(await get(host, 8100)).toBe('');
    // takes away what is left of it
    expect(await stack.apply()).toContain('No changes');
    expect(await stack.plan()).toBe(NOTHING);
    expect(stack.processes('one.db', 'one.app')).toEqual(before);

    const refusals: [words: string[], expected: string][] = [
      [['-p', '8101:80', 'alone'], 'the host has no address on any of its bridges'],
      [['-P', '-p', '8101:80', 'app'], '--service-ports and --publish exclude each other'],
      [['-P', 'box'], 'cannot run box: --service-ports is for a service of the file'],
      [['-p', '10.9.9.9:8101:80', 'app'], '10.9.9.9 is not an address of this host'],
    ];
    for (const [words, expected] of refusals) {
      const { code, stderr } = await stack.run('run', ...words, 'busybox', 'true');
      expect([code, stderr]).toEqual([1, expect.stringContaining(expected)]);
    }
    await stack.destroy();
  }),
  400_000,
);
