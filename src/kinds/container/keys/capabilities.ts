import type { Path } from '../../../config/document.js';
import { suggest } from '../../../config/suggest.js';
import type { ParseContext } from '../../../config/values.js';

/** `ALL`, or names with or without `CAP_`, in either case. */
export function capabilitiesOf(
  raw: string[] | undefined,
  path: Path,
  { problems }: ParseContext,
): string[] {
  return (raw ?? []).map((each, i) => {
    const upper = each.toUpperCase();
    if (upper === 'ALL') return upper;
    const name = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
    if (!CAPABILITIES.has(name)) {
      problems.atValue([...path, i], `unknown capability ${JSON.stringify(each)}`, () =>
        suggest(name, CAPABILITIES),
      );
    }
    return name;
  });
}

/** capabilities(7), as of Linux 5.9, which added the last one. */
export const CAPABILITIES: ReadonlySet<string> = new Set(
  (
    'AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN ' +
    'DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE ' +
    'MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW PERFMON ' +
    'SETFCAP SETGID SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE ' +
    'SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG WAKE_ALARM'
  )
    .split(' ')
    .map((name) => `CAP_${name}`),
);
