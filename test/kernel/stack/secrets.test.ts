import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { installPaths, memoryFile, memoryFilesDir } from '../../../src/model/install-paths.js';
import { inPrivateHost, type PrivateHost } from '../../support/private-host.js';
import { usableRuntimes } from '../../support/runtimes.js';
import { SMALL_IMAGE } from '../../support/small-image.js';
import { NOTHING, Stack } from './stack.js';

const VALUES = ['s3cr3t-of-the-file', 's3cr3t-of-the-variable'];
const TOKEN = { TOKEN: VALUES[1] as string };

/** Writes what it reads at its start and at each SIGHUP to its disk. */
const READER = [
  'busybox',
  'sh',
  '-c',
  'say() { busybox cat /run/secrets/* /motd >/seen; }; trap say HUP; trap "exit 0" TERM; say; while :; do busybox sleep 3600 & wait; done',
];

function words(host: PrivateHost, more: object = {}) {
  writeFileSync(join(host.dir, 'pw.txt'), `${VALUES[0]}\n`);
  writeFileSync(join(host.dir, 'motd'), 'welcome\n');
  return {
    name: 'safe',
    images: { box: SMALL_IMAGE },
    secrets: { db_password: { file: './pw.txt' }, token: { environment: 'TOKEN' } },
    configs: {
      motd: { file: './motd' },
      'run.sh': { content: '#!/bin/busybox sh\necho ran\n' },
    },
    containers: {
      web: {
        image: 'box',
        command: READER,
        secrets: [
          'db_password',
          { source: 'token', target: 't', uid: '33', gid: '44', mode: '0440' },
        ],
        configs: ['motd', { source: 'run.sh', target: '/bin/run.sh', mode: '0555' }],
        ...more,
      },
    },
  };
}

class Safe extends Stack {
  override run(...args: string[]) {
    return this.host.baleine(['--file', this.file, ...args], {
      reject: false,
      env: TOKEN,
      timeout: 120_000,
    });
  }

  override async done(...args: string[]) {
    const { code, stdout, stderr } = await this.run(...args);
    expect({ args, code, ...(code !== 0 && { stderr }) }).toEqual({ args, code: 0 });
    return stdout;
  }

  async inside(line: string): Promise<string> {
    return this.done('exec', 'web', '--', 'busybox', 'sh', '-c', line);
  }

  /** What a restarted or signaled program has seen. */
  seen(): Promise<string> {
    return this.inside('busybox cat /seen');
  }

  /** Runs a line of shell on the host, with the path of the file there as `$1`. */
  onHost(target: string, line: string) {
    const path = memoryFile(installPaths(this.host.root), 'safe.web', target);
    return this.host.run('sh', ['-c', line, 'sh', path]);
  }
}

describe.each(usableRuntimes())('secrets and configs under %s', (runtime) => {
  it.each(['host', 'auto'])(
    'are files in memory with mode and owner, and leave nothing, with userns: %s',
    (userns) =>
      inPrivateHost(async (host) => {
        const stack = new Safe(host, words(host, { runtime, userns }));
        await stack.apply();
        expect(await stack.done('plan')).toBe(NOTHING);
        // as from cron, which has no such variable
        const withoutVariable = () => host.baleine(['-f', stack.file, 'plan'], { reject: false });
        expect((await withoutVariable()).stderr).toContain('variable TOKEN is not set, nor in ');
        writeFileSync(join(host.dir, '.env'), `TOKEN=${VALUES[1]}\n`);
        expect((await withoutVariable()).stdout).toBe(NOTHING);
        const list = '/run/secrets/db_password /run/secrets/t /motd /bin/run.sh';
        expect(await stack.inside(`busybox stat -c '%n %a %u:%g' ${list}`)).toBe(
          `/run/secrets/db_password 444 0:0\n/run/secrets/t 440 33:44\n/motd 444 0:0\n/bin/run.sh 555 0:0\n`,
        );
        expect(
          await stack.inside('busybox cat /run/secrets/db_password /run/secrets/t /motd'),
        ).toBe(`${VALUES[0]}\n${VALUES[1]}welcome\n`);
        expect(await stack.inside('/bin/run.sh')).toBe('ran\n');
        const mounts = await stack.inside('busybox cat /proc/mounts');
        expect(mounts).toMatch(
          /^baleine \/run\/secrets\/db_password tmpfs ro,nosuid,nodev,noexec/m,
        );
        expect(await stack.inside('busybox echo x >/run/secrets/t || echo no')).toBe('no\n');
        const dir = memoryFilesDir(installPaths(host.root));
        const { stdout } = await host.run('sh', [
          '-c',
          'stat -c %a "$0"; grep " $0 " /proc/mounts',
          dir,
        ]);
        expect(stdout).toMatch(
          /^700\nbaleine .* tmpfs rw,nosuid,nodev,noexec,.*size=262144k,mode=700/,
        );
        await stack.destroy();
      })(),
  );

  it(
    'are written in place with a signal, or with a new start on the same disk',
    inPrivateHost(async (host) => {
      const file = words(host, { runtime });
      const stack = new Safe(host, file);
      await stack.apply();
      const before = stack.processes('safe.web');
      await stack.inside('busybox touch /kept');
      writeFileSync(join(host.dir, 'pw.txt'), 'longer than before, in any case\n');
      const plan = await stack.done('plan');
      expect(plan).toMatch(/~ secrets\.db_password: \(digest [0-9a-f]{12} → [0-9a-f]{12}\)/);
      await stack.apply();
      expect(stack.processes('safe.web')).not.toEqual(before);
      expect(await stack.seen()).toContain('longer than before, in any case\n');
      expect(await stack.inside('busybox ls /kept')).toBe('/kept\n');

      const signaled = words(host, { runtime, on_change: 'SIGHUP' });
      writeFileSync(join(host.dir, 'motd'), 'short\n');
      stack.write(signaled);
      const now = stack.processes('safe.web');
      expect(await stack.done('plan')).toMatch(/~ configs\.motd:\n.*\n +-welcome\n +\+short\n/);
      await stack.apply();
      expect(stack.processes('safe.web')).toEqual(now);
      await expect.poll(() => stack.seen()).toContain('short\n');
      expect(await stack.done('plan')).toBe(NOTHING);
      await stack.destroy();
    }),
  );
});

it(
  'that have changed are noticed by a run that goes by what is kept of earlier ones',
  inPrivateHost(async (host) => {
    const stack = new Safe(host, words(host));
    await stack.apply();
    await stack.fillCaches();
    writeFileSync(join(host.dir, 'pw.txt'), 'changed\n');
    expect(await stack.apply()).toContain('secrets.db_password changed');
    await expect.poll(() => stack.seen()).toContain('changed\n');
    await stack.destroy();
  }),
);

it(
  'are restored when they were edited, deleted or unmounted',
  inPrivateHost(async (host) => {
    const stack = new Safe(host, words(host));
    await stack.apply();
    const right = `${VALUES[0]}\n${VALUES[1]}welcome\n`;
    await stack.onHost('/run/secrets/t', 'echo edited >"$1"');
    expect(await stack.apply()).toContain('the file of secret token was changed on the host');
    await expect.poll(() => stack.seen()).toBe(right);
    await stack.onHost('/run/secrets/t', 'rm "$1"');
    expect(await stack.apply()).toContain('the file of secret token is gone');
    const dir = memoryFilesDir(installPaths(host.root));
    await host.run('umount', ['--lazy', dir]);
    expect(await stack.apply()).toContain('the file of secret db_password is gone');
    await expect.poll(() => stack.seen()).toBe(right);
    expect(await stack.done('plan')).toBe(NOTHING);
    await stack.destroy();
  }),
);
