import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { installPaths, lastHealthCheckFile } from '../../src/model/install-paths.js';
import type { ListedContainer } from '../../src/model/listed-container.js';
import { inPrivateHost } from '../support/private-host.js';
import { SMALL_IMAGE } from '../support/small-image.js';
import { headings, NOTHING, SERVER, Stack, type StackFile } from './stack/stack.js';

const BACK = { back: { subnet: '10.77.2.0/24', isolated: true } };
const IDLE = { image: 'box', stop_signal: 'SIGKILL', command: ['busybox', 'sleep', '1000'] };

const words = (containers: Record<string, object>, more: object = {}): StackFile => ({
  name: 'hc',
  images: { box: SMALL_IMAGE },
  bridges: BACK,
  containers,
  ...more,
});

async function listed(stack: Stack): Promise<Record<string, ListedContainer>> {
  const all = JSON.parse(await stack.done('ps', '--json')) as ListedContainer[];
  return Object.fromEntries(all.map((each) => [each.name, each]));
}

describe('health checks', () => {
  it(
    'run from inside, on a bridge without a host address, with no program of the image',
    inPrivateHost(async (host) => {
      const check = (test: object) => ({
        ...SERVER,
        bridges: ['back'],
        healthcheck: { ...test, timeout: '1s', interval: '0s', on_failure: 'none' },
      });
      const exec = (...command: string[]) => check({ exec: ['busybox', ...command] });
      const stack = new Stack(
        host,
        words({
          page: check({ http: { port: 80 } }),
          nopage: check({ http: { port: 80, path: '/none' } }),
          right404: check({ http: { port: 80, path: '/none', status: 404 } }),
          port: check({ tcp: 80 }),
          noport: check({ tcp: 81 }),
          true: exec('true'),
          false: exec('sh', '-c', 'echo no luck; exit 3'),
          slow: exec('sleep', '77'),
        }),
      );
      await stack.apply();
      const asked = await stack.run('apply', '-y', '--quiet');
      const reasons = Object.values(await listed(stack)).map(({ name, health }) => [
        name,
        health?.reason ?? health?.status,
      ]);
      expect(asked).toEqual({ code: 0, stdout: '', stderr: '' });
      expect(Object.fromEntries(reasons)).toEqual({
        page: 'healthy',
        nopage: 'status 404',
        right404: 'healthy',
        port: 'healthy',
        noport: 'connection refused',
        true: 'healthy',
        false: 'exit code 3: no luck',
        slow: expect.stringContaining('no end after 1s'),
      });
      const left = await host.run('pgrep', ['-f', 'busybox sleep 77'], { reject: false });
      expect(left.stdout).toBe('');
      await stack.destroy();
    }),
  );

  it(
    'restart an unhealthy container after its retries; the proxy notices earlier',
    inPrivateHost(async (host) => {
      const farm = {
        servers: {
          ...SERVER,
          replicas: 2,
          bridges: ['back'],
          port: 80,
          healthcheck: { http: { port: 80 }, interval: '1m', retries: 2 },
        },
        proxy: {
          image: 'box',
          bridges: { front: { address: '10.77.1.10' }, back: {} },
          listen: 80,
        },
      };
      const bridges = { ...BACK, front: { subnet: '10.77.1.0/24', host: '10.77.1.1' } };
      const box = {
        size: '64M',
        from: { host: { binaries: ['/bin/busybox', '/usr/sbin/haproxy'] } },
      };
      const stack = new Stack(host, words({}, { bridges, images: { box }, farms: { f: farm } }));
      await stack.apply('--wait');
      await stack.answers('10.77.1.10', ['f-server-1', 'f-server-2']);
      expect((await listed(stack))['f-server-1']?.health?.status).toBe('healthy');

      const before = stack.processes('hc.f-server-1');
      const [pid = 0] = stack.pids('hc.f-server-1');
      // the interval is long enough for a busy machine; the test ends it
      const intervalIsOver = () =>
        host.run('touch', [
          '-d',
          '2 minutes ago',
          lastHealthCheckFile(installPaths(host.root), 'hc.f-server-1'),
        ]);
      process.kill(pid, 'SIGSTOP');
      await intervalIsOver();
      expect((await stack.run('apply', '-y', '--quiet')).stdout).toBe('');
      expect(await stack.plan()).toContain('container.f-server-1 is failing: 1 failure (no answer');
      // the proxy no longer uses it, but it is not restarted yet
      await stack.answers('10.77.1.10', ['f-server-2']);
      expect(stack.processes('hc.f-server-1')).toEqual(before);

      await intervalIsOver();
      expect(headings(await stack.plan())).toEqual([
        'container.f-server-1 will be updated in-place (unhealthy: 2 failures in a row (no answer in time))',
      ]);
      const { stdout } = await stack.run('apply', '-y', '--quiet');
      expect(stdout).toContain('container.f-server-1 healed: unhealthy: 2 failures in a row');
      expect(stack.processes('hc.f-server-1')).not.toEqual(before);
      await stack.answers('10.77.1.10', ['f-server-1', 'f-server-2']);
      await stack.destroy();
    }),
  );

  it(
    'delay dependents; --wait names the unhealthy container',
    inPrivateHost(async (host) => {
      const check = { tcp: 80, interval: '500ms', retries: 4 };
      const late = 'busybox sleep 1; exec busybox httpd -f -p 80 -h /';
      const stack = new Stack(
        host,
        words({
          late: {
            ...SERVER,
            command: ['busybox', 'sh', '-c', late],
            bridges: ['back'],
            healthcheck: check,
          },
          job: { ...IDLE, command: ['busybox', 'sleep', '1'], restart: 'no' },
          web: {
            ...IDLE,
            depends_on: {
              late: { condition: 'service_healthy' },
              job: { condition: 'service_completed_successfully' },
            },
          },
          never: { ...IDLE, bridges: ['back'], healthcheck: { tcp: 9 } },
        }),
      );
      const ran = await stack.run('apply', '-y', '--wait', '--wait-timeout', '1s');
      expect(ran.code).toBe(1);
      expect(ran.stderr).toContain('container.never is not healthy: connection refused');
      expect(ran.stderr).not.toContain('container.late is not');
      const all = await listed(stack);
      const started = (name: string) => Date.parse(all[name]?.started_at ?? '');
      expect(started('web')).toBeGreaterThan(started('late') + 900);
      expect(all.job).toMatchObject({ status: 'exited', exit_code: 0 });
      await stack.destroy();
    }),
  );
});

describe('heal: immediate', () => {
  it(
    'restarts a killed container at once, with no process of ours left running',
    inPrivateHost(async (host) => {
      const web = { ...SERVER, bridges: { front: { address: '10.77.1.11' } }, heal: 'immediate' };
      const front = { front: { subnet: '10.77.1.0/24', host: '10.77.1.1' } };
      const stack = new Stack(host, words({ web }, { bridges: front }));
      await stack.apply();
      await stack.answers('10.77.1.11', ['web']);
      const before = stack.processes('hc.web');
      await stack.kill('hc.web');
      await expect.poll(() => stack.processes('hc.web')['hc.web'], WITHIN).toMatch(/^\d/);
      await stack.answers('10.77.1.11', ['web']);
      expect(stack.processes('hc.web')).not.toEqual(before);
      await expect
        .poll(async () => (await listed(stack)).web, WITHIN)
        .toMatchObject({
          restarts: 1,
          last_exit: { code: 137, out_of_memory: false },
        });
      expect(await stack.plan()).toBe(NOTHING);
      await stack.destroy();
    }),
  );

  it(
    'backs off from a container that ends at once, and reports an out-of-memory kill',
    inPrivateHost(async (host) => {
      const hog = 'a=xxxxxxxx; while :; do a="$a$a"; done';
      const stack = new Stack(
        host,
        words({
          dies: {
            ...IDLE,
            command: ['busybox', 'sh', '-c', 'echo tick; exit 7'],
            heal: 'immediate',
          },
          hog: {
            ...IDLE,
            command: ['busybox', 'sh', '-c', hog],
            limits: { memory: '8M' },
            restart: 'no',
          },
        }),
      );
      const applied = await stack.run('apply', '-y');
      expect(applied.code).toBe(1);
      expect(applied.stderr).toContain('Error: container.dies: does not stay up: ended with 7\n');
      await expect
        .poll(async () => (await listed(stack)).dies, WITHIN)
        .toMatchObject({
          status: 'exited',
          restarts: 1,
          exit_code: 7,
          next_try: expect.any(String),
        });
      await sleep(2000);
      expect((await stack.done('logs', 'dies')).trim().split('\n')).toHaveLength(2);
      expect((await listed(stack)).hog).toMatchObject({ exit_code: 137, out_of_memory: true });
      expect(await stack.plan()).toMatch(
        /container\.dies is waiting: next try in \d+ s \(ended with 7\)/,
      );
      expect(await stack.run('apply', '-y', '--quiet')).toEqual({
        code: 0,
        stdout: '',
        stderr: '',
      });
      await stack.destroy();
    }),
  );
});

const WITHIN = { timeout: 20_000, interval: 100 };
