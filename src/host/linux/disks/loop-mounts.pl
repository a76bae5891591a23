# Mounts ext4 files as mount.ts does, each through a loop device that is detached at unmount.
#
# mount(8) scans all loop devices before each mount for one that already has the file. With many files
# that takes ten times as long as mounting, and the caller has already checked. Reads NUL-terminated
# fields: file, folder, file, folder and so on. Skips what cannot be mounted, without a message: on
# kernels without LOOP_CONFIGURE (before 5.8), everything.
#
# The numbers are the same on all architectures that Node supports: LOOP_CTL_GET_FREE 0x4C82,
# LOOP_CONFIGURE 0x4C0A and LO_FLAGS_AUTOCLEAR 4 (linux/loop.h); fsopen(2) 430; fsconfig(2) 431 with
# SET_STRING 1 and CMD_CREATE 6; fsmount(2) 432 with MOUNT_ATTR_NOSUID 2 and NODEV 4; move_mount(2) 429
# with MOVE_MOUNT_F_EMPTY_PATH 4; AT_FDCWD -100; close-on-exec 1; EBUSY 16.

use strict;

$0 = 'baleine: mounts disks';
open my $control, '<', '/dev/loop-control' or exit;
my @words = do { local $/; split /\0/, <STDIN> };
while (my ($file, $folder) = splice @words, 0, 2) {
  my ($device, $path) = loop_for($file);
  attach($path, $folder) if $device; # a device without a mount is released when it is closed
}

sub loop_for {
  my ($file) = @_;
  open my $backing, '+<', $file or return;
  for (1 .. 10) {
    my $free = ioctl $control, 0x4C82, 0 or return;
    my $path = '/dev/loop' . ($free + 0);
    open my $device, '+<', $path or return;
    my $config = pack 'L2 Q5 L4 Z64 x96 x16 x64', fileno $backing, (0) x 9, 4, $file;
    return $device, $path if ioctl $device, 0x4C0A, $config;
    return unless $! == 16; # EBUSY: another process took this device
  }
}

sub attach {
  my ($source, $folder) = map { "$_\0" } @_;
  my ($type, $nothing) = ("ext4\0", "\0");
  my $context = owned(syscall 430, $type, 1) or return;
  my %options = (source => $source, errors => "remount-ro\0");
  for my $name (keys %options) {
    my $key = "$name\0";
    return if syscall(431, fileno $context, 1, $key, $options{$name}, 0) != 0;
  }
  return if syscall(431, fileno $context, 6, 0, 0, 0) != 0;
  my $mount = owned(syscall 432, fileno $context, 1, 6) or return;
  syscall 429, fileno $mount, $nothing, -100, $folder, 4;
}

sub owned {
  my ($descriptor) = @_;
  return if $descriptor < 0;
  open my $handle, '<&=', $descriptor;
  return $handle;
}
