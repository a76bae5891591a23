import { UserError } from '../../../model/errors.js';
import type { ContainerSpec } from '../../../model/specs.js';

/** Ordered by number in linux/capability.h; capabilities(7). */
const NAMES = [
  ...['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID'],
  ...['SETPCAP', 'LINUX_IMMUTABLE', 'NET_BIND_SERVICE', 'NET_BROADCAST', 'NET_ADMIN', 'NET_RAW'],
  ...['IPC_LOCK', 'IPC_OWNER', 'SYS_MODULE', 'SYS_RAWIO', 'SYS_CHROOT', 'SYS_PTRACE', 'SYS_PACCT'],
  ...['SYS_ADMIN', 'SYS_BOOT', 'SYS_NICE', 'SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD'],
  ...['LEASE', 'AUDIT_WRITE', 'AUDIT_CONTROL', 'SETFCAP', 'MAC_OVERRIDE', 'MAC_ADMIN', 'SYSLOG'],
  ...['WAKE_ALARM', 'BLOCK_SUSPEND', 'AUDIT_READ', 'PERFMON', 'BPF', 'CHECKPOINT_RESTORE'],
].map((name) => `CAP_${name}`);

const DEFAULT = new Set(
  [
    ...['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'NET_BIND_SERVICE', 'SETFCAP'],
    ...['SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT'],
  ].map((name) => `CAP_${name}`),
);

type CapabilityOptions = Pick<ContainerSpec, 'security' | 'cap_add' | 'cap_drop'>;

/**
 * The capabilities of a container: the default set, or only NET_BIND_SERVICE if `restricted`,
 * without `cap_drop`, plus `cap_add`. `ALL` means every capability; the prefix `CAP_` is optional.
 *
 * @param available capabilities that we can grant: our own bounding set
 * @throws UserError for an unknown name, or one to add that we do not have ourselves
 */
export function capabilitiesOf(
  options: CapabilityOptions,
  available: ReadonlySet<string>,
): string[] {
  const add = options.cap_add.map(knownCapability);
  const drop = options.cap_drop.map(knownCapability);
  const lacking = add.find((name) => name !== 'ALL' && !available.has(name));
  if (lacking) {
    throw new UserError(
      `cannot add capability ${lacking}: baleine does not have it itself`,
      'See CapBnd in /proc/self/status: something that started baleine took it away',
    );
  }
  return NAMES.filter(
    (name) => available.has(name) && isGranted(name, options.security, add, drop),
  );
}

/**
 * A name in `cap_add` overrides `cap_drop: [ALL]`, and a name in `cap_drop` overrides `cap_add:
 * [ALL]`.
 */
function isGranted(
  name: string,
  security: CapabilityOptions['security'],
  add: string[],
  drop: string[],
): boolean {
  if (drop.includes(name)) return false;
  if (add.includes(name)) return true;
  if (drop.includes('ALL')) return false;
  if (add.includes('ALL')) return true;
  return security === 'restricted' ? name === 'CAP_NET_BIND_SERVICE' : DEFAULT.has(name);
}

function knownCapability(text: string): string {
  const upper = text.toUpperCase();
  if (upper === 'ALL') return upper;
  const name = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  if (NAMES.includes(name)) return name;
  throw new UserError(
    `cannot use capability ${text}: there is no such capability`,
    'capabilities(7) has the list; write them as NET_ADMIN',
  );
}

/** Names of the bits in a mask as in /proc/PID/status: `CapBnd:	000001ffffffffff`. */
export function capabilitiesIn(mask: string): Set<string> {
  const bits = BigInt(`0x${mask}`);
  return new Set(NAMES.filter((_name, bit) => (bits >> BigInt(bit)) & 1n));
}
