# Runs health checks over TCP and HTTP, each from inside a network namespace, all at the same time.
#
# Argument: the number of setns(2), for which Perl has no function. Reads lines of number, namespace,
# address, port, seconds and path, separated by tabs; the path is empty for a TCP check. Writes one line
# for each: its number and the outcome. The timeout covers everything from the connection (connect(2),
# EINPROGRESS) to the first line of the answer.

use strict;
use Socket qw(:DEFAULT inet_pton pack_sockaddr_in6);
use Fcntl;

my $setns = 0 + shift;
my @lines = <STDIN>;
for my $line (@lines) {
  my $pid = fork;
  if (!defined $pid) { print STDERR "fork: $!\n"; last }
  next if $pid;
  chomp $line;
  my ($number, @target) = split /\t/, $line, -1;
  syswrite STDOUT, "$number " . ask(@target) . "\n";
  exit;
}
1 while wait > 0;

sub ask {
  my ($namespace, $address, $port, $left, $path) = @_;
  open my $net, '<', $namespace or return 'network namespace is gone';
  syscall($setns, fileno $net, 0x40000000) == 0 or return "cannot enter its network: $!";
  my $six = $address =~ /:/;
  my $to = $six
    ? pack_sockaddr_in6($port, inet_pton(AF_INET6, $address))
    : sockaddr_in($port, inet_aton($address));
  socket my $socket, $six ? PF_INET6 : PF_INET, SOCK_STREAM, 0 or return lc $!;
  fcntl $socket, F_SETFL, O_NONBLOCK or return lc $!;
  connect $socket, $to or $!{EINPROGRESS} or return lc $!;
  $address = "[$address]" if $six;
  $left = ready($socket, 1, $left) or return 'no connection in time';
  $! = unpack 'i', getsockopt $socket, SOL_SOCKET, SO_ERROR;
  return lc $! if $!;
  return 'connected' if $path eq '';
  syswrite $socket, "GET $path HTTP/1.1\r\nHost: $address:$port\r\nUser-Agent: baleine\r\n"
    . "Accept: */*\r\nConnection: close\r\n\r\n";
  my $answer = '';
  while ($answer !~ /\n/ && length $answer < 4096) {
    $left = ready($socket, 0, $left) or return 'no answer in time';
    my $count = sysread $socket, $answer, 4096, length $answer;
    return lc $! if !defined $count;
    last if !$count;
  }
  return $answer =~ m{^HTTP/\d\S* (\d{3})\b} ? "status $1" : 'no HTTP';
}

sub ready {
  my ($socket, $write, $seconds) = @_;
  my $bits = '';
  vec($bits, fileno $socket, 1) = 1;
  my ($count, $left) = $write
    ? select undef, my $w = $bits, undef, $seconds
    : select my $r = $bits, undef, undef, $seconds;
  return $count > 0 ? $left + 0.001 : 0;
}
