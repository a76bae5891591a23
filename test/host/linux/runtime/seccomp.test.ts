import { describe, expect, it } from 'vitest';
import {
  readProfile,
  resolveCustom,
  resolveSeccomp,
} from '../../../../src/host/linux/runtime/seccomp.js';
import { type EngineProfile, parseProfile } from '../../../../src/model/seccomp.js';

const allow = (names: string[], more: object = {}) => ({
  names,
  action: 'SCMP_ACT_ALLOW',
  args: [],
  ...more,
});
const profile: EngineProfile = {
  archMap: [
    { architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'] },
  ],
  syscalls: [
    allow(['read', 'unshare', 'clone', 'clone3', 'mount', 'setns', 'keyctl', 'reboot', 'syslog']),
    allow(['arch_prctl'], { includes: { arches: ['amd64'] } }),
    allow(['s390_pci'], { includes: { arches: ['s390x'] } }),
    allow(['bpf'], { includes: { caps: ['CAP_SYS_ADMIN'] } }),
    {
      names: ['bpf'],
      action: 'SCMP_ACT_ERRNO',
      errnoRet: 1,
      excludes: { caps: ['CAP_SYS_ADMIN'] },
    },
    {
      names: ['socket'],
      action: 'SCMP_ACT_ERRNO',
      errnoRet: 22,
      args: [{ index: 0, value: 16, valueTwo: 0, op: 'SCMP_CMP_EQ' }],
    },
    allow(['socket', 'socketpair', 'socketcall', 'io_uring_setup']),
    allow(['ptrace'], { includes: { minKernel: '4.8' } }),
    allow(['accept'], { args: null }),
  ],
};
const resolve = (capabilities: string[] = [], kernel = '6.1.0-18-amd64') =>
  resolveSeccomp(profile, { arch: 'amd64', kernel, capabilities });
const allowed = (capabilities?: string[], kernel?: string) =>
  resolve(capabilities, kernel)
    .syscalls.filter(({ action }) => action === 'SCMP_ACT_ALLOW')
    .flatMap(({ names, args }) => (args ? [] : names));

describe('resolveSeccomp', () => {
  it('denies calls with EPERM unless allowed, on the machine’s architectures', () => {
    expect(resolve()).toMatchObject({
      defaultAction: 'SCMP_ACT_ERRNO',
      defaultErrnoRet: 1,
      architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'],
    });
  });

  it('keeps the rules whose conditions hold', () => {
    expect(allowed()).toEqual(['read', 'arch_prctl', 'ptrace', 'accept']);
    expect(allowed([], '4.4.0')).not.toContain('ptrace');
    expect(allowed([], '4.10.0')).toContain('ptrace');
  });

  it('drops rules equal to the default, and keeps other errors', () => {
    const errors = resolve().syscalls.filter(({ action }) => action === 'SCMP_ACT_ERRNO');
    expect(errors).toEqual([
      { names: ['socketcall'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 },
      {
        names: ['socket'],
        action: 'SCMP_ACT_ERRNO',
        errnoRet: 22,
        args: profile.syscalls[5]?.args,
      },
      { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 },
    ]);
  });

  it('allows sockets of a few families only', () => {
    const rules = resolve().syscalls.filter(({ names }) =>
      names.some((name) => /^socket|^io_uring/.test(name)),
    );
    const family = (value: number) => ({
      index: 0,
      value: 0xffff_ffff,
      valueTwo: value,
      op: 'SCMP_CMP_MASKED_EQ',
    });
    const notAudit = { index: 2, value: 9, valueTwo: 0, op: 'SCMP_CMP_NE' };
    const allowing = (name: string, ...args: object[]) => ({
      names: [name],
      action: 'SCMP_ACT_ALLOW',
      args,
    });
    expect(rules.filter(({ action }) => action === 'SCMP_ACT_ALLOW')).toEqual([
      ...[1, 2, 10, 17].map((each) => allowing('socket', family(each))),
      allowing('socket', family(16), notAudit),
      allowing('socketpair', family(1)),
    ]);
    expect(rules[0]).toMatchObject({ names: ['socketcall'], action: 'SCMP_ACT_ERRNO' });
    expect(resolve(['CAP_AUDIT_WRITE']).syscalls).toContainEqual(allowing('socket', family(16)));
  });

  it('withholds namespaces and mounts from those without the capability', () => {
    expect(resolve().syscalls).toContainEqual({
      names: ['clone'],
      action: 'SCMP_ACT_ALLOW',
      args: [{ index: 0, value: 0x7e020000, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
    });
    expect(allowed(['CAP_SYS_ADMIN'])).toEqual([
      'read',
      'unshare',
      'clone',
      'clone3',
      'mount',
      'setns',
      'keyctl',
      'arch_prctl',
      'bpf',
      'ptrace',
      'accept',
    ]);
    expect(allowed(['CAP_SYS_BOOT', 'CAP_SYSLOG'])).toEqual([
      'read',
      'reboot',
      'syslog',
      'arch_prctl',
      'ptrace',
      'accept',
    ]);
  });

  it('has no profile for an unknown machine', () => {
    expect(() => resolveSeccomp(profile, { arch: 'vax', kernel: '6.1', capabilities: [] })).toThrow(
      'no seccomp profile for vax',
    );
  });
});

describe('readProfile', () => {
  it('names the package of a missing profile', () => {
    expect(() => readProfile('/no/such/file')).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/cannot read the seccomp profile/),
        hint: expect.stringMatching(/golang-github-containers-common/),
      }),
    );
  });
});

describe('a profile of the user', () => {
  const own = { ...profile, defaultAction: 'SCMP_ACT_LOG', defaultErrnoRet: 38 };
  const resolved = (capabilities: string[]) =>
    resolveCustom(own, { arch: 'amd64', kernel: '6.1.0', capabilities });

  it('is used as written, its conditions resolved by the container’s capabilities', () => {
    const { syscalls, ...rest } = resolved([]);
    expect(rest).toEqual({
      defaultAction: 'SCMP_ACT_LOG',
      defaultErrnoRet: 38,
      architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'],
    });
    const names = syscalls.map((rule) => `${rule.action.slice(9)} ${rule.names.join()}`);
    expect(names).toContain('ERRNO bpf');
    expect(names).not.toContain('ALLOW bpf');
    expect(names[0]).toMatch(/^ALLOW .*unshare/);
    const able = resolved(['CAP_SYS_ADMIN']).syscalls.map(({ action, names }) => [action, names]);
    expect(able).toContainEqual(['SCMP_ACT_ALLOW', ['bpf']]);
    expect(able).not.toContainEqual(['SCMP_ACT_ERRNO', ['bpf']]);
  });

  const rule = (more: object) => ({
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [
      { names: ['read'], action: 'SCMP_ACT_ALLOW' },
      { names: [], ...more },
    ],
  });

  it.each<[string, unknown]>([
    ['the profile is not an object', []],
    ['defaultAction is missing', { syscalls: [] }],
    ['defaultAction is "ALLOW", not one of ', { defaultAction: 'ALLOW' }],
    ['syscalls is not a list', { defaultAction: 'SCMP_ACT_ERRNO', syscalls: {} }],
    ['syscalls[1].action is not a string', rule({})],
    ['syscalls[1].action is "SCMP_ACT_NOTIFY", not one of ', rule({ action: 'SCMP_ACT_NOTIFY' })],
    ['syscalls[1].names[0] is not a string', rule({ action: 'SCMP_ACT_LOG', names: [1] })],
    [
      'syscalls[1].errnoRet is not a non-negative integer',
      rule({ action: 'SCMP_ACT_ERRNO', errnoRet: 'x' }),
    ],
    [
      'syscalls[1].includes.caps is not a list',
      rule({ action: 'SCMP_ACT_LOG', includes: { caps: 'CAP_CHOWN' } }),
    ],
    [
      'syscalls[1].args[0].op is "EQ", not one of ',
      rule({ action: 'SCMP_ACT_LOG', args: [{ index: 0, value: 1, op: 'EQ' }] }),
    ],
    [
      'syscalls[1].args[0].index is above 5',
      rule({ action: 'SCMP_ACT_LOG', args: [{ index: 6, value: 1, op: 'SCMP_CMP_EQ' }] }),
    ],
    [
      'archMap[0].architecture is not a string',
      { ...rule({ action: 'SCMP_ACT_LOG' }), archMap: [{}] },
    ],
  ])('reports where it is invalid: %s', (cause, wrong) => {
    const said = () => parseProfile(JSON.stringify(wrong));
    expect(said).toThrow(cause);
  });

  it('may be the default of an engine', () => {
    expect(parseProfile(JSON.stringify(readProfile())).syscalls.length).toBeGreaterThan(10);
  });
});
