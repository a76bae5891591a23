#!/bin/sh
# swarm-node.sh DIR NAME NUMBER: runs dockerd as the first process of a node, which is a set of
# namespaces made by swarm.ts. Everything it keeps is in memory, except for its socket and log in DIR.
set -eu
hostname "$2"
mount -t proc proc /proc
for folder in /run /var/lib/docker /var/lib/containerd /etc/docker; do
  mkdir -p "$folder"
  mount -t tmpfs -o mode=755 tmpfs "$folder"
done
ip link set lo up
exec dockerd --host "unix://$1/docker.sock" \
  --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/baleine/swarm-$2" \
  --default-address-pool "base=10.1$3.0.0/16,size=24" \
  --insecure-registry 10.200.0.0/24 >"$1/log" 2>&1
