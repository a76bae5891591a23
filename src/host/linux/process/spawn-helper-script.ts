/**
 * Perl (Debian's essential perl-base) that starts programs for `starter.ts`. Reads jobs and writes
 * answers, of parts that each end in NUL; a job begins with the number of its parts:
 *
 *     key, folder, seconds, number of sockets, `address:port` of each, program, its arguments
 *     key, exit code or -signal, first line, what it complained of
 *
 * Of a program that lives on, `seconds` are how long its first line may take, which it writes to
 * the descriptor that _OCI_SYNCPIPE names (conmon(8)); the lock that we were given at 3 it does not
 * get. Its sockets begin there, told by LISTEN_FDS and LISTEN_PID (sd_listen_fds(3)), which conmon,
 * crun and runc pass on; who had a port until now may be about to leave it, hence the patience.
 * With 0 seconds it is waited for the program's end, and it holds the lock. We end with our input:
 * when that is because our run was killed, the next one waits for who has the lock, and ends who is
 * still about to begin (clear.ts).
 *
 * Of fcntl(2), the same on all that Node runs on: F_DUPFD 0, F_SETFD 2 with FD_CLOEXEC 1, F_SETFL 4
 * with O_NONBLOCK 04000.
 */
export const STARTER = String.raw`
use strict; # and nothing else: POSIX and Socket take 12 ms each to load

$0 = 'baleine: starts containers';
$| = 1;
$SIG{$_} = 'DEFAULT' for keys %SIG; # Node resets none of the real-time ones
answer('', 0, '', ''); # from here on nothing may be told to us twice
my ($input, $more, %jobs) = ('', 1); # jobs by the descriptor on which they are heard of
while ($more) {
  my $ready = '';
  vec($ready, $_, 1) = 1 for 0, keys %jobs;
  next if select($ready, undef, undef, %jobs ? 1 : undef) < 0;
  take_jobs() if vec $ready, 0, 1;
  for my $fd (keys %jobs) {
    my $job = $jobs{$fd};
    my $over = vec($ready, $fd, 1) ? heard($job) : $job->{patience} && time > $job->{deadline};
    finish(delete $jobs{$fd}) if $over;
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
  pipe my $complaints, my $complaint_end;
  my $pid = fork;
  return answer($key, 1, '', "cannot fork: $!") unless defined $pid;
  become($folder, $complaint_end, $patience ? $line_end : undef, @rest) unless $pid;
  my $source = $patience ? $lines : $complaints;
  $jobs{fileno $source} = {
    key => $key, pid => $pid, source => $source, complaints => $complaints, text => '',
    patience => $patience, deadline => time + $patience,
  };
}

sub heard {
  my ($job) = @_;
  my $got = sysread $job->{source}, $job->{text}, 65536, length $job->{text};
  return !$got || $job->{patience} && $job->{text} =~ /\n/;
}

sub finish {
  my ($job) = @_;
  my ($line, $complaint) = ('', $job->{text});
  if ($job->{patience}) {
    ($line, $complaint) = ($job->{text} =~ /(.*)/, '');
    kill 'KILL', $job->{pid} if $line eq '';
  }
  waitpid $job->{pid}, 0;
  my $code = $? & 127 ? -($? & 127) : $? >> 8;
  if ($job->{patience}) {
    fcntl $job->{complaints}, 4, 04000; # what lives on may have it open
    sysread $job->{complaints}, $complaint, 65536;
  }
  answer($job->{key}, $code, $line, $complaint);
}

sub answer {
  my @parts = @_;
  tr/\0//d for @parts;
  print map { "$_\0" } @parts;
}

sub become {
  my ($folder, $complaint_end, $line_end, $count, @command) = @_;
  open STDIN, '<', '/dev/null';
  open STDOUT, '>', '/dev/null';
  open STDERR, '>&', $complaint_end;
  chdir $folder or refuse("cannot enter $folder");
  my $lock;
  if ($line_end) {
    $ENV{_OCI_SYNCPIPE} = fcntl $line_end, 0, 64;
    open $lock, '<&=', 3;
    fcntl $lock, 2, 1;
  }
  my @sockets = map { listening($_) } splice @command, 0, $count;
  POSIX::dup2(fileno $sockets[$_], 3 + $_) for 0 .. $#sockets;
  @ENV{'LISTEN_FDS', 'LISTEN_PID'} = ($count, $$) if $count;
  exec { $command[0] } @command or refuse("cannot run $command[0]");
}

sub listening {
  my ($place) = @_;
  require POSIX;
  require Socket;
  my ($address, $port) = split /:/, $place;
  my $cannot = "cannot listen at $place";
  socket my $socket, Socket::PF_INET(), Socket::SOCK_STREAM(), 0 or refuse($cannot);
  setsockopt $socket, Socket::SOL_SOCKET(), Socket::SO_REUSEADDR(), 1 or refuse($cannot);
  my $where = Socket::pack_sockaddr_in($port, Socket::inet_aton($address));
  for (my $tries = 50; !bind $socket, $where; $tries--) {
    refuse($cannot) unless $! == POSIX::EADDRINUSE() && $tries > 0;
    select undef, undef, undef, 0.1;
  }
  listen $socket, Socket::SOMAXCONN() or refuse($cannot);
  return $socket;
}

sub refuse {
  print STDERR "$_[0]: $!\n";
  exit 127;
}
`;
