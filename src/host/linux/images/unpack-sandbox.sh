# shellcheck shell=sh
# Replaces the root of its mount namespace by one that contains only the host's programs, read-only,
# and a tree, for unpack-sandbox.ts. Argument: the tree. Prints `ready`, and ends with its input.
#
# Nothing else of the host is visible, so that no name and no link in an archive can lead there
# (pivot_root(2)). umount(8) needs /proc.

set -e
mount -t tmpfs -o mode=755,size=1m sandbox /sys
cd /sys
# Programs need these folders; some are links on a host with a merged /usr.
for name in usr bin sbin lib lib32 lib64 libx32; do
  if [ -L "/$name" ]; then
    cp -P "/$name" .
  elif [ -d "/$name" ]; then
    mkdir "$name"
    mount -o bind,ro "/$name" "$name"
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
