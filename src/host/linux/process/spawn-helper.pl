# Starts programs for spawn-helper.ts.
#
# Reads jobs and writes answers. Both consist of parts that end in NUL; a job begins with the number of
# its parts:
#
#     key, folder, seconds, number of sockets, `address:port` of each, program, its arguments
#     key, exit code or -signal, first line, end of its stderr
#
# `seconds` is the maximum time until the first line of a program that keeps running. It writes that line
# to the descriptor that _OCI_SYNCPIPE names (conmon(8)). It does not inherit our lock, descriptor 3. Its
# sockets start there instead, announced by LISTEN_FDS and LISTEN_PID (sd_listen_fds(3)), which conmon,
# crun and runc pass on. The previous user of a port may be about to close it, so binding is retried.
#
# With 0 seconds we wait for the program's end, and the program inherits the lock.
#
# We end when our input ends. If our run was killed, the next run waits for the holders of the lock, and
# kills programs that have not reported yet (clear.ts).
#
# Of fcntl(2), the same on all architectures that Node supports: F_DUPFD 0, F_SETFD 2 with FD_CLOEXEC 1,
# F_SETFL 4 with O_NONBLOCK 0x800.

use strict; # POSIX and Socket take 12 ms each to load: only when needed

$0 = 'baleine: starts containers';
$| = 1;
$SIG{$_} = 'DEFAULT' for keys %SIG; # Node does not reset real-time signals
answer('', 0, '', ''); # we are running: the caller no longer sends jobs to another process
my ($input, $more, %jobs) = ('', 1); # jobs by the descriptor that they report on
while ($more) {
  my $ready = '';
  vec($ready, $_, 1) = 1 for 0, keys %jobs;
  next if select($ready, undef, undef, %jobs ? 1 : undef) < 0;
  take_jobs() if vec $ready, 0, 1;
  for my $fd (keys %jobs) {
    my $job = $jobs{$fd};
    my $is_done = vec($ready, $fd, 1) ? has_reported($job) : $job->{line_timeout} && time > $job->{deadline};
    finish(delete $jobs{$fd}) if $is_done;
  }
}

sub take_jobs {
  $more = sysread STDIN, $input, 65536, length $input;
  my @parts = split /\0/, $input, -1;
  while ($parts[0] ne '' && @parts > $parts[0] + 1) {
    my $count = shift @parts;
    begin(splice @parts, 0, $count);
  }
  $input = join "\0", @parts;
}

sub begin {
  my ($key, $folder, $patience, @rest) = @_;
  pipe my $lines, my $line_end;
  pipe my $stderr, my $stderr_end;
  my $pid = fork;
  return answer($key, 1, '', "cannot fork: $!") unless defined $pid;
  exec_program($folder, $stderr_end, $patience ? $line_end : undef, @rest) unless $pid;
  my $source = $patience ? $lines : $stderr;
  $jobs{fileno $source} = {
    key => $key, pid => $pid, source => $source, stderr => $stderr, text => '',
    line_timeout => $patience, deadline => time + $patience,
  };
}

sub has_reported {
  my ($job) = @_;
  my $got = sysread $job->{source}, $job->{text}, 65536, length $job->{text};
  return !$got || $job->{line_timeout} && $job->{text} =~ /\n/;
}

sub finish {
  my ($job) = @_;
  my ($line, $message) = ('', $job->{text});
  if ($job->{line_timeout}) {
    ($line, $message) = ($job->{text} =~ /(.*)/, '');
    kill 'KILL', $job->{pid} if $line eq '';
  }
  waitpid $job->{pid}, 0;
  my $code = $? & 127 ? -($? & 127) : $? >> 8;
  if ($job->{line_timeout}) {
    fcntl $job->{stderr}, 4, 0x800; # a program that keeps running may keep it open
    sysread $job->{stderr}, $message, 65536;
  }
  answer($job->{key}, $code, $line, $message);
}

sub answer {
  my @parts = @_;
  tr/\0//d for @parts;
  print map { "$_\0" } @parts;
}

sub exec_program {
  my ($folder, $stderr_end, $line_end, $count, @command) = @_;
  open STDIN, '<', '/dev/null';
  open STDOUT, '>', '/dev/null';
  open STDERR, '>&', $stderr_end;
  chdir $folder or fail("cannot enter $folder");
  my $lock;
  if ($line_end) {
    $ENV{_OCI_SYNCPIPE} = fcntl $line_end, 0, 64;
    open $lock, '<&=', 3;
    fcntl $lock, 2, 1;
  }
  my @sockets = map { listening_socket($_) } splice @command, 0, $count;
  POSIX::dup2(fileno $sockets[$_], 3 + $_) for 0 .. $#sockets;
  @ENV{'LISTEN_FDS', 'LISTEN_PID'} = ($count, $$) if $count;
  exec { $command[0] } @command or fail("cannot run $command[0]");
}

sub listening_socket {
  my ($place) = @_;
  require POSIX;
  require Socket;
  my ($six, $address, $port) = $place =~ /^(\[)?(.*?)\]?:(\d+)$/;
  my $cannot = "cannot listen at $place";
  my $family = $six ? Socket::PF_INET6() : Socket::PF_INET();
  socket my $socket, $family, Socket::SOCK_STREAM(), 0 or fail($cannot);
  # IPv4 has a socket of its own
  setsockopt $socket, Socket::IPPROTO_IPV6(), Socket::IPV6_V6ONLY(), 1 or fail($cannot) if $six;
  setsockopt $socket, Socket::SOL_SOCKET(), Socket::SO_REUSEADDR(), 1 or fail($cannot);
  my $where = $six
    ? Socket::pack_sockaddr_in6($port, Socket::inet_pton($family, $address))
    : Socket::pack_sockaddr_in($port, Socket::inet_aton($address));
  for (my $tries = 50; !bind $socket, $where; $tries--) {
    fail($cannot) unless $! == POSIX::EADDRINUSE() && $tries > 0;
    select undef, undef, undef, 0.1;
  }
  accept_only($socket, $port) or fail($cannot);
  listen $socket, Socket::SOMAXCONN() or fail($cannot);
  return $socket;
}

# A container could disconnect a socket of the host's network, and connect it to what listens on the
# host, or bind it to another port. A filter that cannot be removed, and that accepted sockets inherit,
# drops answers to connection requests (SYN with ACK) and what is for other ports. It sees the TCP
# header (RFC 9293): the destination port at 2, the flags at 13. Of linux/filter.h and asm/socket.h:
# SO_ATTACH_FILTER 26, SO_LOCK_FILTER 44.
sub accept_only {
  my ($socket, $port) = @_;
  my @code = (
    [0x28, 0, 0, 2], [0x15, 0, 4, $port], # ldh [2]; jeq #port, next, drop
    [0x30, 0, 0, 13], [0x54, 0, 0, 0x12], # ldb [13]; and #SYN|ACK
    [0x15, 1, 0, 0x12], # jeq #SYN|ACK, drop, next
    [0x06, 0, 0, 0xffffffff], [0x06, 0, 0, 0], # ret #-1; drop: ret #0
  );
  my $code = join '', map { pack 'SCCL', @$_ } @code;
  my $program = pack 'S x![P] P', scalar @code, $code; # struct sock_fprog
  my $level = Socket::SOL_SOCKET();
  return setsockopt($socket, $level, 26, $program) && setsockopt $socket, $level, 44, pack 'i', 1;
}

sub fail {
  print STDERR "$_[0]: $!\n";
  exit 127;
}
