import { type Place, placeText } from '../../../model/publish.js';

/**
 * Perl (Debian's essential perl-base) that starts a program with listening sockets: Node would
 * accept connections at its own, and cannot replace itself by another program. Descriptors from 3
 * on, told by LISTEN_FDS and LISTEN_PID (sd_listen_fds(3)), which conmon, crun and runc pass on.
 * Who had a port until now may be about to leave it, hence the patience.
 *
 * Arguments: number of sockets, `address:port` of each, the program and its own arguments.
 */
const LISTEN = String.raw`
use strict;
use Socket;
use POSIX ();

my @places = splice @ARGV, 0, shift;
my ($fd, $tries, @kept) = (3, 50);
$^F = 2 + @places; # what has these descriptors is not closed by exec (perlvar(1))
for my $place (@places) {
  my ($address, $port) = split /:/, $place;
  socket my $socket, PF_INET, SOCK_STREAM, 0 or refuse($place);
  setsockopt $socket, SOL_SOCKET, SO_REUSEADDR, 1 or refuse($place);
  until (bind $socket, pack_sockaddr_in($port, inet_aton($address))) {
    refuse($place) unless $!{EADDRINUSE} && $tries-- > 0;
    select undef, undef, undef, 0.1;
  }
  listen $socket, SOMAXCONN or refuse($place);
  POSIX::dup2(fileno $socket, $fd++) or refuse($place);
  push @kept, $socket;
}
@ENV{'LISTEN_FDS', 'LISTEN_PID'} = (scalar @places, $$);
exec { $ARGV[0] } @ARGV or die "cannot run $ARGV[0]: $!\n";

sub refuse { die "cannot listen at $_[0]: $!\n" }
`;

/** The command that starts a command with sockets that listen at these places. */
export function withSockets(
  places: Place[],
  program: string,
  args: string[],
): { program: string; args: string[] } {
  if (places.length === 0) return { program, args };
  const texts = places.map(placeText);
  return {
    program: 'perl',
    args: ['-e', LISTEN, '--', String(texts.length), ...texts, program, ...args],
  };
}
