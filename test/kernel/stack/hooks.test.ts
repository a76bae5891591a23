import { describe, expect, it } from 'vitest';
import { inPrivateHost } from '../../support/private-host.js';
import { usableRuntimes } from '../../support/runtimes.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { NOTHING, Stack } from './stack.js';

const script = (text: string) => ['busybox', 'sh', '-c', text];

/** Appends a word, and who runs it where, to a file of the volume. */
const note = (word: string) =>
  script(`echo ${word} $(busybox id -u) $(busybox pwd) $A >>/data/notes`);

const file = (web: object) => ({
  name: 'one',
  images: { box: SMALL_IMAGE },
  volumes: { data: {} },
  containers: {
    web: { image: 'box', command: IDLE, volumes: ['data:/data'], ...web },
    reader: { image: 'box', command: IDLE, volumes: ['data:/data'] },
  },
});

const HOOKS = {
  environment: { A: 'a' },
  post_start: [
    { command: note('first') },
    { command: script('busybox chmod 666 /data/notes; busybox sleep 3600 &') },
    { command: note('start'), user: '33:33', working_dir: '/tmp', environment: { A: 'b' } },
  ],
  pre_stop: [{ command: note('stop') }],
};

/** What was noted since the last call. */
async function notes(stack: Stack): Promise<string[]> {
  const words = script('busybox cat /data/notes; : >/data/notes');
  const text = await stack.done('exec', 'reader', '--', ...words);
  return text.split('\n').filter(Boolean);
}

describe.each(usableRuntimes())('%s', (runtime) => {
  it(
    'post_start and pre_stop run inside, as whom, where and with which environment',
    inPrivateHost(async (host) => {
      const stack = new Stack(host, file({ runtime, ...HOOKS }));
      await stack.apply();
      const started = ['first 0 / a', 'start 33 /tmp b'];
      expect(await notes(stack)).toEqual(started);
      expect(stack.pids('one.web').length, 'a sleeper is not left behind').toBe(2);
      expect(await stack.plan()).toBe(NOTHING);

      await stack.done('restart', 'web');
      expect(await notes(stack)).toEqual(['stop 0 / a', ...started]);
      await stack.kill('one.web');
      await stack.apply();
      expect(await notes(stack), 'it has ended by itself').toEqual(started);
      await stack.apply('--replace', 'container.web');
      expect(await notes(stack)).toEqual(['stop 0 / a', ...started]);
      await stack.done('stop', 'web');
      expect(await notes(stack)).toEqual(['stop 0 / a']);
      await stack.done('start', 'web');
      expect(await notes(stack)).toEqual(started);
      await stack.done('destroy', '-y', '--target', 'container.web');
      expect(await notes(stack)).toEqual(['stop 0 / a']);
      await stack.destroy();
    }),
  );

  it(
    'a failed post_start stops the container, and the next apply tries again',
    inPrivateHost(async (host) => {
      const fails = {
        command: script(
          'busybox yes | busybox head -c 1000000; printf "\\033[2Jbad news" >&2; exit 3',
        ),
      };
      const stack = new Stack(host, file({ runtime, heal: 'immediate', post_start: [fails] }));
      const failed = await stack.run('apply', '-y');
      expect(failed.code).toBe(1);
      expect(failed.stderr).toContain(
        'cannot run post_start of one.web: busybox sh -c busybox yes',
      );
      expect(failed.stderr).toContain('exit code 3: ');
      expect(failed.stderr).toContain('\\u001b[2Jbad news');
      expect(failed.stderr).not.toContain('\u001b[2J');
      expect(failed.stderr.length).toBeLessThan(5000);
      expect(stack.pids('one.web')).toEqual([]);
      expect((await stack.run('apply', '-y')).code, 'it is tried again').toBe(1);
      stack.write(file({ runtime }));
      await stack.apply();
      expect(stack.pids('one.web').length).toBe(2);
      expect(await stack.plan()).toBe(NOTHING);
      await stack.destroy();
    }),
  );

  it(
    'a pre_stop that fails or hangs is a warning, and takes no more than the grace period',
    inPrivateHost(async (host) => {
      const hangs = { command: ['busybox', 'sleep', '3600'] };
      const ignores = script('trap "" TERM; while :; do busybox sleep 1; done');
      const web = { runtime, stop_grace_period: '4s', command: ignores, pre_stop: [hangs] };
      const stack = new Stack(host, file(web));
      await stack.apply();
      const begun = performance.now();
      const stopped = await stack.run('stop', 'web');
      const took = performance.now() - begun;
      expect(stopped.code).toBe(0);
      expect(stopped.stderr + stopped.stdout).toMatch(
        /is stopped although it cannot run pre_stop of one\.web: busybox sleep 3600: .*no end after (1|2)\d\d\d ms/,
      );
      expect(took).toBeGreaterThan(3900);
      expect(took).toBeLessThan(20_000);
      expect(stack.pids('one.web')).toEqual([]);

      stack.write(file({ runtime, pre_stop: [{ command: ['busybox', 'kill', '-TERM', '1'] }] }));
      await stack.done('start', 'web');
      await stack.apply();
      const ended = await stack.run('stop', 'web');
      expect(ended.code, 'it may end the container').toBe(0);
      expect(ended.stderr + ended.stdout).not.toContain('although');
      await stack.destroy();
    }),
  );
});
