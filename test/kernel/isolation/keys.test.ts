import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { stateDir } from '../../../src/host/linux/runtime/layout.js';
import { installPaths } from '../../../src/model/install-paths.js';
import { inPrivateHost } from '../../support/private-host.js';
import { usableRuntimes } from '../../support/runtimes.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { NOTHING, Stack } from '../stack/stack.js';

/** One idle container with some keys. */
const file = (more: object) => ({
  name: 'keys',
  images: { box: SMALL_IMAGE },
  containers: { box: { image: 'box', command: IDLE, stop_signal: 'SIGKILL', ...more } },
});

describe.each(usableRuntimes())('%s', (runtime) => {
  it(
    'oom_score_adj is set for each process in the kernel; a change replaces the container',
    inPrivateHost(async (host) => {
      const stack = new Stack(host, file({ runtime, oom_score_adj: 700 }));
      await stack.apply();
      const scores = () =>
        stack.pids('keys.box').map((pid) => readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8'));
      expect(new Set(scores())).toEqual(new Set(['700\n']));
      expect(await stack.plan()).toBe(NOTHING);
      const changed = new Stack(host, file({ runtime, oom_score_adj: 5 }));
      expect(await changed.plan()).toContain('oom_score_adj: 700 → 5');
      await changed.apply();
      expect(new Set(scores())).toEqual(new Set(['5\n']));
      await changed.destroy();
      expect(await host.leaks()).toEqual([]);
    }),
  );

  it.each(['host', 'auto'])(
    'a user without rights may ping, and listen on port 80, with userns: %s',
    (userns) =>
      inPrivateHost(async (host) => {
        const binaries = ['/bin/busybox', '/usr/bin/perl'];
        const images = { box: { size: '24M', from: { host: { binaries } } } };
        const stack = new Stack(host, {
          ...file({ runtime, user: '1000:1000', userns }),
          images,
        });
        await stack.apply();
        // busybox ping has no other socket than a raw one; AF_INET, SOCK_DGRAM, IPPROTO_ICMP
        const icmp = 'socket(my $s, 2, 2, 1) or die $!; print "may ping"';
        expect(await stack.done('exec', 'box', 'perl', '-e', icmp)).toBe('may ping');
        const listen = 'busybox nc -l -p 80 >/dev/null & busybox sleep 0.2; busybox netstat -ltn';
        const { stdout } = await stack.run('exec', 'box', 'busybox', 'sh', '-c', listen);
        expect(stdout).toMatch(/:80 .*LISTEN/);
        await stack.destroy();
      })(),
  );

  it(
    'annotations reach the runtime, except those it would act on',
    inPrivateHost(async (host) => {
      const annotations = { 'org.example.team': 'shop', 'org.example.level': 3 };
      const stack = new Stack(host, file({ runtime, annotations }));
      await stack.apply();
      const folder = stateDir(installPaths(host.root), runtime);
      const { stdout } = await host.run(runtime, ['--root', folder, 'state', 'keys.box']);
      expect(JSON.parse(stdout).annotations).toMatchObject({
        'org.example.team': 'shop',
        'org.example.level': '3',
      });
      expect(await stack.plan()).toBe(NOTHING);
      const refused = new Stack(
        host,
        file({ runtime, annotations: { 'run.oci.hooks.stdout': '/etc/motd' } }),
        'refused.yaml',
      );
      const { code, stderr } = await refused.run('plan');
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringMatching(/:\d+:\d+: .*not run\.oci\.\*/),
      });
      await stack.destroy();
      expect(await host.leaks()).toEqual([]);
    }),
  );
});
