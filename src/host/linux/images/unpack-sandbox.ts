import { type MountNamespace, openMountNamespace } from './mount-namespace.js';

export type UnpackSandbox = MountNamespace;

/** Host folders that programs need; some are links on a host with a merged /usr. */
const SYSTEM_FOLDERS = 'usr bin sbin lib lib32 lib64 libx32';

/**
 * A private root: the host's programs, read-only, and the tree. Nothing else of the host is
 * visible, so that no name and no link in an archive can lead there (pivot_root(2)). umount(8)
 * needs /proc.
 */
const SCRIPT = `
set -e
mount -t tmpfs -o mode=755,size=1m sandbox /sys
cd /sys
for name in ${SYSTEM_FOLDERS}; do
  if [ -L "/$name" ]; then cp -P "/$name" .
  elif [ -d "/$name" ]; then mkdir "$name"; mount -o bind,ro "/$name" "$name"
  fi
done
mkdir tree proc
mount --bind -- "$1" tree
mount --rbind /proc proc
pivot_root . .
umount -l .
umount -l /proc
echo ready
exec cat
`;

/** Path of the tree inside the sandbox. */
export const TREE = '/tree';

/**
 * Passes a sandbox that contains nothing but the mounted tree to `work`. It ends afterwards, or
 * with us.
 */
export async function withUnpackSandbox<T>(
  tree: string,
  work: (sandbox: UnpackSandbox) => Promise<T>,
): Promise<T> {
  const sandbox = await openMountNamespace(SCRIPT, [tree], 'create a sandbox to unpack in');
  try {
    return await work(sandbox);
  } finally {
    await sandbox.release();
  }
}
