#!/bin/sh
# swarm-node.sh DIR NAME NUMBER [FLAG ...]: runs dockerd as the first process of a node, which is a set of
# namespaces made by swarm.ts. Everything it keeps is in memory, except for its socket and log in DIR.
set -eu
dir=$1 name=$2 number=$3
shift 3
hostname "$name"
mount -t proc proc /proc
for folder in /run /var/lib/docker /var/lib/containerd /etc/docker; do
  mkdir -p "$folder"
  mount -t tmpfs -o mode=755 tmpfs "$folder"
done
ip link set lo up
exec dockerd --host "unix://$dir/docker.sock" \
  --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/baleine/swarm-$name" \
  --default-address-pool "base=10.1$number.0.0/16,size=24" \
  --insecure-registry 10.200.0.0/24 "$@" >"$dir/log" 2>&1
