#!/bin/busybox sh
# shellcheck shell=dash
# Init program on the disk of the virtual machine: sets up a host with cgroup v2 only, and runs the checks.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
cd /
busybox mount -t proc proc /proc
busybox mount -t sysfs sysfs /sys
busybox mount -t devtmpfs dev /dev
busybox mkdir -p /dev/pts /dev/shm
busybox mount -t devpts devpts /dev/pts
busybox mount -t tmpfs -o mode=755 tmpfs /run
busybox mount -t securityfs securityfs /sys/kernel/security
busybox mount -t cgroup2 -o nsdelegate cgroup2 /sys/fs/cgroup
while read -r module; do busybox insmod "/modules/$module.ko"; done </modules/second
ip link set lo up
busybox stty -F /dev/ttyS1 -opost
node /guest.mjs "$(busybox cat /etc/boot 2>/dev/null || echo 1)" >/dev/ttyS1
echo 2 >/etc/boot
busybox sync
busybox reboot -f
