# Makes mounts of a container read-only: arguments are its process, the numbers of setns(2) and mount(2)
# on this architecture, and mount points. Runs nothing of the container's: all of Perl is loaded before.
#
# CLONE_NEWNS 0x20000; MS_RDONLY 1, MS_NOSUID 2, MS_NOEXEC 8, MS_REMOUNT 32 and MS_BIND 4096.

use strict;

my ($pid, $setns, $mount, @paths) = @ARGV;
my ($none, $flags) = ("none\0", 1 | 2 | 8 | 32 | 4096);
open my $namespace, '<', "/proc/$pid/ns/mnt" or die "its mount namespace: $!\n";
syscall($setns + 0, fileno $namespace, 0x20000) == 0 or die "setns: $!\n";
for my $path (@paths) {
  my $text = "$path\0";
  syscall($mount + 0, $none, $text, $none, $flags, 0) == 0 or die "$path: $!\n";
}
