import { readFileSync } from 'node:fs';
import { UserError } from '../../../model/errors.js';
import type { OciSeccomp, OciSyscall } from '../../../model/oci.js';
import type { EngineProfile, EngineRule } from '../../../model/seccomp.js';

/** From Debian's golang-github-containers-common; Fedora and others use the same path. */
export const PROFILE = '/usr/share/containers/seccomp.json';

/** errno(3) */
const EPERM = 1;
const ENOSYS = 38;

export interface Machine {
  /** Go's name: amd64, arm64, s390x. */
  arch: string;
  /** `6.1.0-18-amd64` */
  kernel: string;
  /** The container's own. */
  capabilities: string[];
}

const ARCHITECTURES: Record<string, string> = {
  amd64: 'SCMP_ARCH_X86_64',
  arm64: 'SCMP_ARCH_AARCH64',
  ppc64le: 'SCMP_ARCH_PPC64LE',
  riscv64: 'SCMP_ARCH_RISCV64',
  s390x: 'SCMP_ARCH_S390X',
};

/**
 * System calls that create or enter namespaces, mount, or reach non-namespaced resources, and the
 * capabilities they require.
 */
const WITHHELD: Record<string, string[]> = {
  CAP_SYS_ADMIN: [
    ...['clone', 'clone3', 'unshare', 'setns', 'mount', 'umount', 'umount2', 'pivot_root'],
    ...['fsconfig', 'fsmount', 'fsopen', 'fspick', 'move_mount', 'open_tree', 'mount_setattr'],
    'keyctl',
  ],
  CAP_SYS_BOOT: ['reboot'],
  CAP_SYSLOG: ['syslog'],
};

/** Their rules are replaced with `socketRules`. */
const SOCKET_CALLS = ['socket', 'socketpair', 'socketcall'];

/**
 * Address families for containers (address_families(7)): all others are either not namespaced, such
 * as VSOCK, which reaches the hypervisor and other machines on it, or give access to old kernel
 * code, such as ALG, RDS or TIPC. PACKET requires CAP_NET_RAW anyway.
 */
const FAMILIES = { UNIX: 1, INET: 2, INET6: 10, NETLINK: 16, PACKET: 17 };
const NETLINK_AUDIT = 9;

/**
 * io_uring(7) creates sockets that no filter sees; current default profiles do not allow it either.
 */
const IO_URING = ['io_uring_setup', 'io_uring_enter', 'io_uring_register'];

/**
 * The x32 ABI: distributions disable it in their kernels, and building a filter for it takes time.
 */
const X32_ABI = 'SCMP_ARCH_X32';

/** clone(2): all of CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. */
const CLONE_NAMESPACES = 0x7e020000;

/**
 * Converts an engine's profile, whose rules have conditions, to the OCI runtime specification's
 * form for one container. System calls that the profile does not allow fail with EPERM. Stricter
 * than the profile where that allows user namespaces and mounts for everyone.
 */
export function resolveSeccomp(profile: EngineProfile, machine: Machine): OciSeccomp {
  const { architectures, own } = architecturesOf(profile, machine.arch);
  const withheld = new Set([...withheldCalls(machine.capabilities), ...SOCKET_CALLS, ...IO_URING]);
  const rules = profile.syscalls.filter((rule) => applies(rule, machine)).map(plain);
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: EPERM,
    architectures,
    syscalls: [
      ...(allows(rules, 'socket') ? socketRules(machine.capabilities) : []),
      ...rules.flatMap((rule) => withoutRedundant(rule, withheld)),
      ...(withheld.has('clone') ? cloneRules(own) : []),
    ],
  };
}

/**
 * @throws UserError if the host has no profile: running without one must never be a silent default
 */
export function readProfile(file = PROFILE): EngineProfile {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UserError(
      `cannot read the seccomp profile ${file}: ${(error as Error).message}`,
      'apt-get install golang-github-containers-common   # or say security: unconfined',
    );
  }
}

/**
 * Same for a user's own profile: only its own rules, with conditions evaluated for the container's
 * capabilities.
 */
export function resolveCustom(profile: EngineProfile, machine: Machine): OciSeccomp {
  return {
    defaultAction: profile.defaultAction ?? 'SCMP_ACT_ERRNO',
    ...(profile.defaultErrnoRet !== undefined && { defaultErrnoRet: profile.defaultErrnoRet }),
    architectures: architecturesOf(profile, machine.arch).architectures,
    syscalls: profile.syscalls.filter((rule) => applies(rule, machine)).map(plain),
  };
}

function architecturesOf({ archMap = [] }: EngineProfile, arch: string) {
  const own = ARCHITECTURES[arch];
  if (!own) throw new UserError(`cannot confine a container: no seccomp profile for ${arch}`);
  const entry = archMap.find(({ architecture }) => architecture === own);
  const others = (entry?.subArchitectures ?? []).filter((each) => each !== X32_ABI);
  return { own, architectures: [own, ...others] };
}

function applies({ includes, excludes }: EngineRule, { arch, kernel, capabilities }: Machine) {
  const has = (name: string) => capabilities.includes(name);
  if (includes?.arches?.length && !includes.arches.includes(arch)) return false;
  if (includes?.caps?.length && !includes.caps.every(has)) return false;
  if (includes?.minKernel && !isAtLeast(kernel, includes.minKernel)) return false;
  if (excludes?.arches?.includes(arch)) return false;
  if (excludes?.caps?.some(has)) return false;
  return !(excludes?.minKernel && isAtLeast(kernel, excludes.minKernel));
}

function isAtLeast(kernel: string, wanted: string): boolean {
  const [major = 0, minor = 0] = kernel.split(/[.-]/).map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

function plain({ names, action, errnoRet, args }: EngineRule): OciSyscall {
  return {
    names,
    action,
    ...(errnoRet !== undefined && { errnoRet }),
    ...(args?.length && { args }),
  };
}

/** Removes rules that repeat the default action, which libseccomp rejects. */
function withoutRedundant(rule: OciSyscall, withheld: ReadonlySet<string>): OciSyscall[] {
  if (rule.action === 'SCMP_ACT_ERRNO' && (rule.errnoRet ?? EPERM) === EPERM) return [];
  if (rule.action !== 'SCMP_ACT_ALLOW') return [rule];
  const names = rule.names.filter((name) => !withheld.has(name));
  return names.length > 0 ? [{ ...rule, names }] : [];
}

const allows = (rules: OciSyscall[], name: string) =>
  rules.some(({ names, action }) => action === 'SCMP_ACT_ALLOW' && names.includes(name));

/**
 * Allows sockets of some families only. 32-bit x86 has one multiplexed call for all socket
 * operations, with arguments behind a pointer, where a filter cannot look. libseccomp would allow
 * it completely with the first rule for `socket`, so it is denied as a whole first: ENOSYS makes
 * the C library use the separate calls, which exist since Linux 4.3.
 */
function socketRules(capabilities: string[]): OciSyscall[] {
  const { UNIX, NETLINK, ...others } = FAMILIES;
  const isFamily = (value: number) => low32(0, value);
  const allow = (name: string, ...args: NonNullable<OciSyscall['args']>): OciSyscall => ({
    names: [name],
    action: 'SCMP_ACT_ALLOW',
    args,
  });
  const notAudit = { index: 2, value: NETLINK_AUDIT, valueTwo: 0, op: 'SCMP_CMP_NE' };
  const mayAudit = capabilities.includes('CAP_AUDIT_WRITE');
  return [
    { names: ['socketcall'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS },
    ...[UNIX, ...Object.values(others)].map((each) => allow('socket', isFamily(each))),
    mayAudit ? allow('socket', isFamily(NETLINK)) : allow('socket', isFamily(NETLINK), notAudit),
    allow('socketpair', isFamily(UNIX)),
  ];
}

/** The kernel uses only the lower half of an `int` argument, whatever the upper half contains. */
const low32 = (index: number, value: number) => ({
  index,
  value: 0xffff_ffff,
  valueTwo: value,
  op: 'SCMP_CMP_MASKED_EQ',
});

function withheldCalls(capabilities: string[]): Set<string> {
  const lacking = Object.entries(WITHHELD).filter(([name]) => !capabilities.includes(name));
  return new Set(lacking.flatMap(([, names]) => names));
}

/**
 * The flags of clone3 are behind a pointer, where a filter cannot look: ENOSYS makes the C library
 * fall back to clone, whose flags are its first argument (its second on s390).
 */
function cloneRules(architecture: string): OciSyscall[] {
  const index = architecture === 'SCMP_ARCH_S390X' ? 1 : 0;
  const noNamespaces = { index, value: CLONE_NAMESPACES, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' };
  return [
    { names: ['clone'], action: 'SCMP_ACT_ALLOW', args: [noNamespaces] },
    { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS },
  ];
}
