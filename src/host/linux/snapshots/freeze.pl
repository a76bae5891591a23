# Freezes a file system until standard input ends, which it does when baleine has, however it ended:
# a frozen file system blocks everyone who writes to it. Prints a line once it is frozen.
#
# FIFREEZE 0xC0045877 and FITHAW 0xC0045878 (linux/fs.h) are the same on all architectures that Node
# supports.

use strict;

$0 = 'baleine: holds writes to a file system';
$SIG{$_} = 'IGNORE' for qw(HUP INT QUIT TERM PIPE);
my ($folder) = @ARGV;
open my $place, '<', $folder or die "$folder: $!\n";
my $nothing = 0;
ioctl $place, 0xC0045877, $nothing or die "cannot freeze $folder: $!\n";
syswrite STDOUT, "frozen\n";
1 while sysread STDIN, my $ignored, 1;
ioctl $place, 0xC0045878, $nothing or die "cannot thaw $folder: $!\n";
