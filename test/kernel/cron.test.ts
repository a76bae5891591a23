import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { inPrivateHost, type PrivateHost } from '../support/private-host.js';

const FARM = resolve('examples/web-farm/baleine.yaml');

/** Mounts cover the machine's crontabs and sendmail in the private host. */
async function withCron(
  host: PrivateHost,
  test: (mails: () => string[]) => Promise<void>,
): Promise<void> {
  const box = join(host.dir, 'mail');
  mkdirSync(box);
  const script = join(host.dir, 'cron-host.sh');
  // cron runs /usr/sbin/sendmail, which an overlay replaces
  writeFileSync(
    script,
    `set -e
mount -t tmpfs -o mode=755 tmpfs /var/spool/cron
mkdir -m 1730 /var/spool/cron/crontabs
chgrp crontab /var/spool/cron/crontabs
mount -t tmpfs tmpfs /etc/cron.d
mount --bind /dev/null /etc/crontab
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work
printf '#!/bin/sh\\nexec cat >"${box}/$(date +%%s%%N)"\\n' >/mnt/upper/sendmail
chmod 755 /mnt/upper/sendmail
mount -t overlay -o lowerdir=/usr/sbin,upperdir=/mnt/upper,workdir=/mnt/work overlay /usr/sbin
`,
  );
  await host.run('sh', [script]);
  const text = (name: string) => readFileSync(join(box, name), 'utf8');
  const bodyOf = (mail: string) => mail.slice(mail.indexOf('\n\n') + 2);
  try {
    await test(() =>
      readdirSync(box)
        .sort()
        .map((name) => bodyOf(text(name))),
    );
  } finally {
    const mounts = ['/usr/sbin', '/mnt', '/etc/crontab', '/etc/cron.d', '/var/spool/cron'];
    for (const path of mounts) await host.run('umount', ['--lazy', path]);
  }
}

/** A test on a private host with its own cron. */
const inCronHost = (test: (host: PrivateHost, mails: () => string[]) => Promise<void>) =>
  inPrivateHost((host) => withCron(host, (mails) => test(host, mails)));

it(
  'writes its block by crontab(1) and leaves every other line alone',
  inCronHost(async (host) => {
    const theirs = '# mine\nMAILTO=ops\n17 3 * * *\ttar c /srv  # %\n\n';
    await host.run('crontab', ['-'], { input: theirs });
    const crontab = async () => (await host.run('crontab', ['-l'])).stdout;
    const other = join(host.dir, 'other.yaml');
    writeFileSync(other, 'name: other\n');

    await host.baleine(['cron', 'install', '-f', FARM]);
    const once = await crontab();
    await host.baleine(['cron', 'install', '-f', FARM]);
    expect(await crontab()).toBe(once);
    expect(once.startsWith(theirs)).toBe(true);
    expect((await host.baleine(['cron', 'show'])).stdout).toBe(once.slice(theirs.length));

    await host.baleine(['cron', 'install', '-f', other, '--every', '15m']);
    expect(await crontab()).toContain(`*/15 * * * * /usr/bin/env PATH=`);
    await host.baleine(['cron', 'remove', '-f', FARM]);
    expect(await crontab()).not.toContain(FARM);
    expect(await crontab()).toContain(other);
    await host.baleine(['cron', 'remove', '-f', other]);
    expect(await crontab()).toBe(theirs);
  }),
);

it(
  'destroy removes the block and reports the lines it leaves; none recreates the stack',
  inCronHost(async (host) => {
    const file = join(host.dir, 'shop.yaml');
    const other = join(host.dir, 'other.yaml');
    const table = join(host.dir, 'crontab');
    writeFileSync(file, 'name: shop\nvolumes: { data: {} }\n');
    writeFileSync(other, 'name: other\nvolumes: { data: {} }\n');
    const theirs = '17 3 * * *\ttar c /srv\n';
    await host.run('crontab', ['-'], { input: theirs });
    const crontab = async () => (await host.run('crontab', ['-l'])).stdout;
    await host.baleine(['cron', 'install', '-f', other]);
    const rest = await crontab();
    await host.baleine(['cron', 'install', '-f', file]);
    await host.baleine(['cron', 'install', '-f', file, '--crontab', table]);
    const [line = ''] = (await crontab())
      .split('\n')
      .filter((each) => each.includes(`${file} apply`) && !each.startsWith('@'));
    writeFileSync(
      `/proc/${host.pid}/root/etc/cron.d/shop`,
      `# by hand\n* * * * * root baleine -f ${file} apply -y --quiet\n`,
    );
    await host.baleine(['apply', '-y', '-f', file]);
    await host.baleine(['apply', '-y', '-f', other]);

    const { stdout } = await host.baleine(['plan', '--destroy', '-f', file]);
    const warnings = stdout.slice(stdout.indexOf('Warnings:'));
    expect(warnings).toContain(`the lines of ${file} go from root’s crontab\n`);
    expect(warnings).toContain(`the lines of ${file} go from ${table}\n`);
    expect(warnings).toContain(
      `not removed, for baleine did not write it: /etc/cron.d/shop:2: * * * * * root baleine -f ${file}`,
    );
    // destroying a part of the stack keeps its lines
    await host.baleine(['destroy', '-y', '--volumes', '--target', 'volume.data', '-f', file]);
    expect(await crontab()).toContain(file);
    const quiet = await host.baleine(['destroy', '-y', '--quiet', '--volumes', '--stack', 'shop']);
    expect(quiet).toEqual({
      code: 0,
      stdout: '',
      stderr: expect.stringMatching(/^Warning: not removed: \/etc\/cron.d\/shop:2: .*\n$/),
    });
    expect(await crontab()).toBe(rest);
    expect(readFileSync(table, 'utf8')).toBe('');
    const command = line.slice('* * * * * '.length);
    const ran = await host.run('sh', ['-c', command], { reject: false });
    expect(ran).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('stack shop unattended: it was destroyed'),
    });
    expect((await host.baleine(['volume', 'list', '-q'])).stdout).toBe('data\n');

    await host.baleine(['cron', 'install', '-f', file]);
    expect((await host.run('sh', ['-c', command])).stdout).toContain('volume.data created');
    for (const each of [file, other])
      await host.baleine(['destroy', '-y', '--volumes', '-f', each]);
    expect(await crontab()).toBe(theirs);
  }),
);

it(
  'does not recreate a stack that is destroyed while it waits for the lock',
  inPrivateHost(async (host) => {
    const file = join(host.dir, 'shop.yaml');
    writeFileSync(file, 'name: shop\nvolumes: { data: {}, logs: {} }\n');
    await host.baleine(['apply', '-y', '-f', file]);
    const cron = ['-f', file, 'apply', '-y', '--quiet', '--lock-timeout', '50s', '--lock-skip'];
    const all = [
      host.baleine(['destroy', '-y', '--volumes', '-f', file, '--lock-timeout', '50s']),
      ...[1, 2, 3].map(() => host.baleine(cron, { reject: false })),
    ];
    await Promise.all(all);
    expect((await host.baleine(['volume', 'list', '-q'])).stdout).toBe('');
    // the record of the refused runs is removed when a user applies the stack again
    await host.baleine(['apply', '-y', '-f', file]);
    await host.baleine(['destroy', '-y', '--volumes', '-f', file]);
  }),
);

it(
  'heals from a real cron: one mail for each failure, none without failures',
  inCronHost(async (host, mails) => {
    await host.baleine(['apply', '-y', '-f', FARM]);
    await host.baleine(['cron', 'install', '-f', FARM]);
    const ticks = join(host.dir, 'ticks');
    const line = (await host.run('crontab', ['-l'])).stdout
      .split('\n')
      .find((each) => each.startsWith('*'));
    // runs the command every four seconds, alternately with and without the fast path
    const seconds = Array.from({ length: 14 }, (_, index) => 4 * (index + 1));
    const command = (line ?? '').slice('* * * * * '.length);
    const environment = (index: number) => (index % 2 === 0 ? '' : 'BALEINE_FAST_PATH=0 ');
    const faster = seconds.map(
      (each, index) =>
        `* * * * * sleep ${each}; ${environment(index)}${command}; echo $? >>${ticks}\n`,
    );
    const installed = (await host.run('crontab', ['-l'])).stdout;
    await host.run('crontab', ['-'], { input: installed + faster.join('') });

    const cron = host.run('cron', ['-f', '-L', '0'], { timeout: 240_000, reject: false });
    const exitCodes = () => readTicks(ticks);
    const until = async (what: () => boolean) => {
      const deadline = Date.now() + 130_000;
      while (!what()) {
        if (Date.now() > deadline)
          throw new Error(`too late: ${JSON.stringify([exitCodes(), mails()])}`);
        await sleep(100);
      }
    };
    /** Breaks something, and returns the one mail about it. */
    const mailAbout = async (damage: () => unknown) => {
      const before = mails().length;
      await damage();
      await until(() => mails().length > before);
      return mails()[before];
    };
    try {
      await until(() => exitCodes().length > 0);
      expect(mails()).toEqual([]);
      const listed = (await host.baleine(['ps', '--json', '-f', FARM])).stdout;
      const pids = (JSON.parse(listed) as { name: string; pid: number }[]).map(
        ({ name, pid }) => [name, pid] as const,
      );
      expect(
        await mailAbout(() => process.kill(new Map(pids).get('shop-server-2') ?? 0, 'SIGKILL')),
      ).toMatch(
        /^baleine web-farm:\n {2}container.shop-server-2 healed: process \d+ ended with 137 SIGKILL\n$/,
      );
      const links = await host.ip<{ ifname: string; ifalias?: string }>('link');
      const named = (end: string) =>
        links.find(({ ifalias }) => ifalias?.endsWith(end))?.ifname ?? `no ${end}`;
      expect(
        await mailAbout(() => host.ip('link', 'delete', named('container.shop-proxy/front'))),
      ).toBe('baleine web-farm:\n  container.shop-proxy healed: veth missing from bridge front\n');
      expect(await mailAbout(() => host.ip('link', 'delete', named('bridge.back')))).toMatch(
        /^baleine web-farm:\n {2}bridge.back healed: lost: it is gone from the host\n/,
      );
      const quiet = exitCodes().length;
      await until(() => exitCodes().length >= quiet + 10);
      expect(mails()).toHaveLength(3);
      expect(new Set(exitCodes())).toEqual(new Set(['0']));
      expect(await host.http('http://10.77.1.10/')).toMatch(/^shop-server-\d\n$/);
    } finally {
      await host.run('sh', ['-c', 'kill "$(cat /run/crond.pid)"']);
      await cron;
      await host.baleine(['destroy', '-y', '-f', FARM]);
    }
  }),
  300_000,
);

function readTicks(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(0, -1);
  } catch {
    return [];
  }
}
