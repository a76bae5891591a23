import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PROFILE } from '../../../src/host/linux/runtime/seccomp.js';
import { inPrivateHost } from '../../support/private-host.js';
import { IDLE, SMALL_IMAGE } from '../../support/small-image.js';
import { NOTHING, Stack } from '../stack/stack.js';

const DENIED = { names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 13 };
const PROTECTED = { ...DENIED, excludes: { caps: ['CAP_FOWNER'] } };

it(
  'a profile of the user filters by the container’s capabilities, and follows its file',
  inPrivateHost(async (host) => {
    const profile = join(host.dir, 'profile.json');
    const write = (rule: object) => {
      const { syscalls, ...rest } = JSON.parse(readFileSync(PROFILE, 'utf8'));
      const without = syscalls.map((each: { names: string[] }) => ({
        ...each,
        names: each.names.filter((name) => !DENIED.names.includes(name)),
      }));
      const full = without.filter(({ names }: { names: string[] }) => names.length > 0);
      writeFileSync(profile, JSON.stringify({ ...rest, syscalls: [...full, rule] }));
    };
    const common = { image: 'box', command: IDLE, seccomp: './profile.json' };
    const stack = new Stack(host, {
      name: 'filter',
      images: { box: SMALL_IMAGE },
      containers: {
        able: common,
        unable: { ...common, cap_drop: ['FOWNER'] },
        open: { ...common, seccomp: 'unconfined' },
      },
    });
    const made = async (name: string) => {
      const words = ['exec', name, '--', 'busybox', 'mkdir', '/made'];
      return (await stack.run(...words)).stderr.replace(/.*: /, '').trim();
    };
    const modeOf = (name: string) => {
      const status = readFileSync(`/proc/${stack.pids(`filter.${name}`)[0]}/status`, 'utf8');
      return /^Seccomp:\s+(\d)/m.exec(status)?.[1];
    };

    write(PROTECTED);
    await stack.apply();
    expect([await made('able'), await made('unable')]).toEqual([
      // no rule matches: the default of the profile
      'Function not implemented',
      'Permission denied',
    ]);
    expect([modeOf('able'), modeOf('open')]).toEqual(['2', '0']);
    expect(await stack.plan()).toBe(NOTHING);

    write({ ...DENIED, action: 'SCMP_ACT_ALLOW', errnoRet: undefined });
    expect((await stack.run('restart', 'able')).stderr).toContain('has changed since');
    expect(await stack.apply()).toContain('container.unable must be replaced (seccomp changed)');
    await stack.done('start', 'able');
    expect([await made('able'), await made('unable')]).toEqual(['', '']);

    write({ ...DENIED, action: 'SCMP_ACT_DENY' });
    const { code, stderr } = await stack.run('plan');
    expect(code).toBe(1);
    expect(stderr).toMatch(/baleine\.yaml:\d+:\d+: .*: syscalls\[\d+\]\.action is "SCMP_ACT_DENY"/);
    await stack.destroy();
  }),
);

it(
  'labels of a missing security module are refused at plan',
  inPrivateHost(async (host) => {
    const labels = { apparmor: 'none-such', selinux: 'system_u:system_r:container_t:s0' };
    const stack = new Stack(host, {
      name: 'labels',
      images: { box: SMALL_IMAGE },
      containers: { one: { image: 'box', command: IDLE, ...labels } },
    });
    const { code, stderr } = await stack.run('plan');
    expect(code).toBe(1);
    expect(stderr).toMatch(/baleine\.yaml:\d+:\d+: (this host has no AppArmor|AppArmor has no)/);
    expect(stderr).toMatch(/baleine\.yaml:\d+:\d+: this host has no SELinux/);
  }),
);
