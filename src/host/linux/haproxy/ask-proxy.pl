# Sends standard input to a command socket in a container, and prints the answer.
#
# Arguments: a process of the container, and the socket's path. With the container's root as our root,
# links in the path resolve inside the container. With the host's /proc as our working folder, we can
# still check who listens (SO_PEERCRED of unix(7)). A host socket that is bind-mounted into the
# container is not the proxy's.

use strict;
use Socket;

my ($pid, $path) = @ARGV;
my @command = <STDIN>;
chdir '/proc' or fail();
my $inside = readlink "$pid/ns/pid" or fail('it has ended');
chroot "$pid/root" or fail();
socket my $socket, PF_UNIX, SOCK_STREAM, 0 or fail();
connect $socket, pack_sockaddr_un($path) or fail();
my ($peer) = unpack 'i', getsockopt $socket, SOL_SOCKET, SO_PEERCRED;
fail('it is not the container that listens there') if (readlink("$peer/ns/pid") // '') ne $inside;
syswrite $socket, $_ for @command;
while (sysread $socket, my $text, 65536) { print $text or exit 1 }
exit;

sub fail { print STDERR $_[0] // lc "$!", "\n"; exit 1 }
