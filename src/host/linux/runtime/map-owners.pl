# Mounts with owners shifted by a user namespace's map, a feature that neither Node nor mount(8) of
# Debian 12 has.
#
# Arguments: a network namespace, the path to mount its owning user namespace on, then `from to how` per
# mount; `how` contains `map`, `ro`, `exec` (not noexec) and `all` (includes submounts). Every mount is
# nosuid,nodev regardless of the runtime (crun 1.8 drops these options).
#
# The numbers are the same on all architectures that Node supports: open_tree(2) 428, move_mount(2) 429,
# mount_setattr(2) 442, NS_GET_USERNS of ioctl_ns(2), AT_FDCWD -100, AT_EMPTY_PATH 0x1000,
# OPEN_TREE_CLONE 1, AT_RECURSIVE 0x8000, MOVE_MOUNT_F_EMPTY_PATH 4; MOUNT_ATTR_RDONLY 1, NOSUID 2,
# NODEV 4, NOEXEC 8, IDMAP 0x100000.

use strict;

my ($network, $target, @mounts) = @ARGV;
open my $net, '<', $network or die "$network: $!\n";
my $user = ioctl $net, 0xb701, 0 or die "owner of $network: $!\n";
$user += 0;
my $none = "\0";
attach(tree("/proc/self/fd/$user"), $target);

while (my ($from, $to, $how) = splice @mounts, 0, 3) {
  my $set = 6 | ($how =~ /ro/ ? 1 : 0) | ($how =~ /map/ ? 0x100000 : 0);
  my $attributes = pack 'Q4', $set, $how =~ /exec/ ? 8 : 0, 0, $how =~ /map/ ? $user : 0;
  my ($tree, $done);
  # With all submounts; only the top if one of them does not support idmapped mounts.
  for my $below ($how =~ /all/ ? (0x8000, 0) : (0)) {
    $tree = tree($from, $below);
    $done = syscall(442, $tree, $none, 0x1000 | $below, $attributes, length $attributes) == 0;
    last if $done;
  }
  if (!$done) {
    die $how =~ /map/ && ($!{EINVAL} || $!{EPERM}) ? "no-idmap $from\n" : "$from: $!\n";
  }
  attach($tree, $to);
}

sub tree {
  my $path = "$_[0]\0";
  my $tree = syscall 428, -100, $path, 1 | ($_[1] // 0);
  die "$_[0]: $!\n" if $tree < 0;
  return $tree;
}

sub attach {
  my ($tree, $path) = ($_[0], "$_[1]\0");
  syscall(429, $tree, $none, -100, $path, 4) == 0 or die "$_[1]: $!\n";
}
