#!/bin/sh
# private-host.sh PROGRAM [ARG…]: runs a program on a private host, which is a mount namespace and a
# network namespace with an empty /run and only lo. Keeps the pid and open files, so it works as a
# prefix of any command. Cgroups, loop devices and processes are shared with the machine.
set -eu
if [ "${1-}" != --inside ]; then
  exec unshare --mount --net --propagation private -- "$0" --inside "$@"
fi
shift
mount -t tmpfs -o mode=755 tmpfs /run
# A sysfs shows the links of the namespace it was mounted in. The cgroup mounts below the old one
# are moved over, not bound, so that each still shows once in the mount table.
if [ -n "$(findmnt --noheadings --output TARGET --mountpoint /sys/fs/cgroup)" ]; then
  mkdir /run/cgroup
  mount --move /sys/fs/cgroup /run/cgroup
  mount -t sysfs sysfs /sys
  mount --move /run/cgroup /sys/fs/cgroup
  rmdir /run/cgroup
else
  mount -t sysfs sysfs /sys
fi
# ip-netns(8) creates this mount at its first use and keeps it, so it is not a leak
mkdir /run/netns
mount --bind /run/netns /run/netns
mount --make-shared /run/netns
ip link set lo up
exec "$@"
