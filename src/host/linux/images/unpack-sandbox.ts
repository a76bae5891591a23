import { type Holder, hold } from './mount-namespace.js';

export type Room = Holder;

/** What programs need of the host, where it is; some of them links on a host with a merged /usr. */
const SYSTEM = 'usr bin sbin lib lib32 lib64 libx32';

/**
 * A root of its own: the host's programs, not to be written to, and the tree. Of the rest of the
 * host nothing is left, so that no name and no link in an archive can lead there (pivot_root(2)). umount(8) needs /proc.
 */
const SCRIPT = `
set -e
mount -t tmpfs -o mode=755,size=1m room /sys
cd /sys
for name in ${SYSTEM}; do
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

/** Where the tree is for programs in the room. */
export const TREE = '/tree';

/** Gives `work` a room that holds nothing but the mounted tree; it is gone afterwards, and when we end. */
export async function withRoom<T>(tree: string, work: (room: Room) => Promise<T>): Promise<T> {
  const room = await hold(SCRIPT, [tree], 'make a room to unpack in');
  try {
    return await work(room);
  } finally {
    await room.release();
  }
}
