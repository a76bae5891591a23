import { describe, expect, it } from 'vitest';
import {
  type EngineProfile,
  readProfile,
  resolveSeccomp,
} from '../../../../src/host/linux/runtime/seccomp.js';

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
  it('denies with EPERM what is not allowed, on the machine’s architectures', () => {
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

  it('leaves out rules that say what the default says, and keeps other errors', () => {
    const errors = resolve().syscalls.filter(({ action }) => action === 'SCMP_ACT_ERRNO');
    expect(errors).toEqual([
      {
        names: ['socket'],
        action: 'SCMP_ACT_ERRNO',
        errnoRet: 22,
        args: profile.syscalls[5]?.args,
      },
      { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 },
    ]);
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

  it('knows no profile for an unknown machine', () => {
    expect(() => resolveSeccomp(profile, { arch: 'vax', kernel: '6.1', capabilities: [] })).toThrow(
      'no seccomp profile for vax',
    );
  });
});

describe('readProfile', () => {
  it('names the package of a missing one', () => {
    expect(() => readProfile('/no/such/file')).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/cannot read the seccomp profile/),
        hint: expect.stringMatching(/golang-github-containers-common/),
      }),
    );
  });
});
