import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const TOOLS = [
  ...[
    'busybox',
    'conmon',
    'curl',
    'findmnt',
    'gcc',
    'haproxy',
    'ip',
    'losetup',
    'mkfs.ext4',
    'mmdebstrap',
  ],
  ...['nsenter', 'strace', 'tar', 'unshare'],
];

/** Why the kernel tests cannot run here; undefined if they can. */
export function lacking(): string | undefined {
  if (process.getuid?.() !== 0) return 'they need root';
  const missing = TOOLS.filter((name) => !found(name));
  if (!found('crun') && !found('runc')) missing.push('crun or runc');
  return missing.length > 0 ? `not installed: ${missing.join(', ')} (./setup --test)` : undefined;
}

function found(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((dir) => {
    try {
      accessSync(join(dir, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
