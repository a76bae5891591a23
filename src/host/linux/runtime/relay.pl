# Relays streams between a command in a container and our standard streams, for relay.ts.
#
# The command gets pipes, or its own pseudo-terminal whose other side we hold. It never gets our terminal
# or files, which it could read, change and reopen (/proc/PID/fd). Arguments:
#
#     numbers of prctl(2), recvmsg(2) and sched_setscheduler(2), ioctls TIOCGWINSZ and TIOCSWINSZ,
#     1 to pass standard input on or 0, file to which the runtime writes the command's pid,
#     console socket or '', runtime and its arguments
#
# We read names of signals for the command from descriptor 3, one per line. Its end means that baleine
# has ended; then we end the command. The exit code is the command's, or the runtime's if nothing was
# started.
#
# The runtime starts the command and exits (--detach), so that the command becomes our child: signals,
# exit codes and terminals do not depend on the runtime. The runtime sends a terminal through the console
# socket (runc's docs/terminals.md). We read standard input, and set its modes, only while we are in the
# terminal's foreground: in the background that would stop our process group (termios(3p), 11.1.4).
#
# Of fcntl(2), the same on all architectures that Node supports: F_SETFL 4 with O_NONBLOCK 0x800,
# F_GETPIPE_SZ 1032.

use strict;
use POSIX ();
use Socket ();

my ($prctl, $recvmsg, $schedule, $get_size, $set_size, @rest) = @ARGV;
my ($has_input, $pid_file, $console, @command) = @rest;
my $PART = 4096; # what a writable pipe accepts without blocking (pipe(7))
my @HANDLED = qw(INT QUIT HUP TERM CHLD WINCH CONT USR1 USR2);
my @IGNORED = qw(PIPE TTIN TTOU);
$0 = 'baleine: passes streams on';

open my $baleine, '<&=', 3 or die "no descriptor 3: $!\n";
my $woken = 0;
$SIG{$_} = sub { $woken = 1 } for @HANDLED; # signals for the command arrive through descriptor 3
$SIG{$_} = 'IGNORE' for @IGNORED;
syscall($prctl, 36, 1, 0, 0, 0) == 0 or die "cannot adopt the command: $!\n"; # PR_SET_CHILD_SUBREAPER

my $stdin_is_tty = $has_input && -t STDIN;
my ($size_of) = grep { -t $_ } \*STDIN, \*STDOUT, \*STDERR;
my ($saved, $raw, $is_raw, $size) = (undef, undef, 0, '');
prepare_raw() if $console ne '' && $stdin_is_tty;

my ($listener, $master);
listen_at_console() if $console ne '';
pipe my $child_in, my $to_command;
pipe my $from_output, my $child_out;
# If both go to the same file, one pipe keeps the order of output and errors.
my ($from_errors, $child_err) = same_target() ? (undef, $child_out) : ();
pipe $from_errors, $child_err unless $child_err;
defined(my $runtime = fork) or die "cannot fork: $!\n";
become_runtime() unless $runtime;
close $_ for $child_in, $child_out, $child_err;

# Streams, each with the text that was read but not yet written. 'from' is removed at the end of input,
# 'to' when the reader has closed it.
my @out = ({ from => $from_output, to => \*STDOUT, text => '' });
push @out, { from => $from_errors, to => \*STDERR, text => '' } if $from_errors;
my $in = { from => \*STDIN, to => $console eq '' ? $to_command : undef, text => '' };
if ($console ne '' || !$has_input) { close $to_command }
$in = undef unless $has_input;
nonblocking($_) for grep { $_ } $from_output, $from_errors, $in && $in->{to};

# exit codes of ended processes by pid; $pid is the command once it is known
my (%code, $pid, $ending, $kill_at, @signals, $signal_text);
while (1) {
  $woken = 0;
  reap();
  notice_start();
  last if finished();
  pass_signals();
  follow_terminal();
  wait_for_streams($woken ? 0 : 0.2);
}
restore();
exit($code{$runtime} || ($pid ? $code{$pid} : 1));

sub become_runtime {
  $SIG{$_} = 'DEFAULT' for @HANDLED, @IGNORED;
  my $source = $child_in;
  open $source, '<', '/dev/null' if $console ne '' || !$has_input;
  POSIX::dup2(fileno $source, 0);
  POSIX::dup2(fileno $child_out, 1);
  POSIX::dup2(fileno $child_err, 2);
  POSIX::close($_) for 3 .. 63;
  # crun sets the terminal's size while the command already runs. SCHED_FIFO lets crun finish first;
  # SCHED_RESET_ON_FORK excludes its children. Without CAP_SYS_NICE this fails, which is harmless.
  my ($lowest) = map { pack 'i', $_ } 1; # a variable, since syscall refuses read-only values
  syscall $schedule, 0, 0x40000001, $lowest if $console ne '';
  exec { $command[0] } @command or print STDERR "cannot run $command[0]: $!\n";
  POSIX::_exit(127);
}

sub same_target {
  my @of = map { join ' ', (stat $_)[0, 1, 6] } \*STDOUT, \*STDERR;
  return $of[0] eq $of[1];
}

sub nonblocking { fcntl $_[0], 4, fcntl($_[0], 3, 0) | 0x800 }

sub reap {
  while ((my $gone = waitpid -1, POSIX::WNOHANG()) > 0) {
    $code{$gone} = $? & 127 ? 128 + ($? & 127) : $? >> 8;
  }
}

# Reads the pid once the runtime has exited.
sub notice_start {
  return if defined $pid || !defined $code{$runtime} || $code{$runtime} != 0;
  if (open my $file, '<', $pid_file) { ($pid) = <$file> =~ /^(\d+)/ }
  $pid //= 0;
}

sub is_running { $pid && !defined $code{$pid} }

# Whether the command has ended and its output is written. Reads at most one pipe's content after its
# end, since other processes may continue to write.
sub finished {
  return 0 if !defined $code{$runtime} || is_running();
  if (!$ending) {
    $ending = 1;
    $_->{left} = $_->{from} ? fcntl($_->{from}, 1032, 0) || 65536 : 0 for @out;
  }
  for (@out) {
    read_from($_) if $_->{from} && $_->{text} eq '' && $_->{left} > 0;
    return 0 if $_->{text} ne '';
  }
  return 1;
}

sub pass_signals {
  return unless is_running();
  if ($kill_at && time >= $kill_at) { push @signals, 'KILL' }
  for my $name (splice @signals) {
    # as if typed: reaches the foreground process group of the terminal inside
    my $key = $master && { INT => "\x03", QUIT => "\x1c" }->{$name};
    if ($key) { syswrite $master, $key } else { kill $name, $pid }
  }
}

# The other end of the terminal is closed: sends SIGHUP, and SIGKILL after 5 s.
sub hang_up {
  return if $kill_at;
  $kill_at = time + 5;
  push @signals, 'HUP';
  close $master if $master;
  $master = $in = undef;
  @out = grep { !$_->{is_terminal} } @out;
}

sub wait_for_streams {
  my ($limit) = @_;
  my ($readable, $writable) = ('', '');
  my @sources = grep { $_->{from} && $_->{text} eq '' && !$_->{rests} } $ending ? () : @out;
  push @sources, $in if $in && $in->{to} && $in->{text} eq '' && !$ending && in_foreground();
  $_->{rests} = 0 for @out;
  my @full = grep { $_ && $_->{to} && $_->{text} ne '' } @out, $in;
  vec($readable, fileno $_, 1) = 1 for grep { $_ } $baleine, $listener, map { $_->{from} } @sources;
  vec($writable, fileno $_->{to}, 1) = 1 for @full;
  return if select($readable, $writable, undef, $limit) <= 0;
  read_signals() if $baleine && vec $readable, fileno $baleine, 1;
  receive_terminal() if $listener && vec $readable, fileno $listener, 1;
  # each call may close a stream that a later one would use
  for (@full) { write_to($_) if $_->{to} && defined fileno $_->{to} && vec $writable, fileno $_->{to}, 1 }
  for (@sources) { read_from($_) if $_->{from} && defined fileno $_->{from} && vec $readable, fileno $_->{from}, 1 }
}

sub read_from {
  my ($stream) = @_;
  my $got = sysread $stream->{from}, $stream->{text}, 65536;
  $stream->{left} -= $got if $got && $ending;
  return if $got;
  $stream->{text} = '';
  return if !defined $got && ($!{EINTR} || $!{EAGAIN});
  my $is_in = $in && $stream == $in;
  if (!defined $got && $!{EIO}) {
    # no process inside has the terminal open now, or we are in the background
    return $stream->{rests} = 1 if !$is_in || !in_foreground();
  }
  return hang_up() if $is_in && $master;
  if ($is_in) { close $in->{to}; return $in = undef }
  close $stream->{from};
  $stream->{from} = undef;
}

sub write_to {
  my ($stream) = @_;
  my $put = syswrite $stream->{to}, $stream->{text}, $PART;
  if ($put) { substr($stream->{text}, 0, $put) = ''; return }
  return if $!{EINTR} || $!{EAGAIN};
  return hang_up() if $master;
  $stream->{text} = '';
  if ($in && $stream == $in) { close $in->{to}; return $in = undef }
  # its writer then gets EPIPE
  close $stream->{from} if $stream->{from};
  $stream->{from} = $stream->{to} = undef;
}

sub read_signals {
  my $got = sysread $baleine, $signal_text, 4096, length($signal_text // '');
  return if !defined $got && $!{EINTR};
  if ($got) { push @signals, $1 while $signal_text =~ s/^(\w+)\n//; return }
  close $baleine;
  $baleine = undef;
  hang_up();
}

sub listen_at_console {
  socket $listener, Socket::PF_UNIX(), Socket::SOCK_STREAM(), 0 or die "cannot make a socket: $!\n";
  bind $listener, Socket::pack_sockaddr_un($console) or die "cannot listen at $console: $!\n";
  listen $listener, 1 or die "cannot listen at $console: $!\n";
}

# recvmsg(2) with SCM_RIGHTS (unix(7)): struct msghdr, iovec and cmsghdr; MSG_CMSG_CLOEXEC.
sub receive_terminal {
  accept my $end, $listener or return;
  unlink $console;
  my ($text, $control) = ("\0" x 4096, "\0" x 256);
  my $vector = pack 'P L!', $text, length $text;
  my @words = (0, 0, $vector, 1, $control, length $control, 0);
  my $message = pack 'L! L x![L!] P L! P L! i x![L!]', @words;
  my $got;
  do { $got = syscall $recvmsg, fileno $end, $message, 0x40000000 } while $got < 0 && $!{EINTR};
  my (undef, $level, $type, $fd) = unpack 'L! i i i', $control;
  return if $got <= 0 || $level != 1 || $type != 1;
  close $listener;
  $listener = undef;
  open $master, '+<&=', $fd or return;
  nonblocking($master);
  push @out, { from => $master, to => \*STDOUT, text => '', is_terminal => 1 };
  $in->{to} = $master if $in;
}

# The same modes as cfmakeraw(3).
sub prepare_raw {
  ($saved, $raw) = map { POSIX::Termios->new } 0, 1;
  for ($saved, $raw) { $_->getattr(0) or return $saved = undef }
  my $input = POSIX::IGNBRK() | POSIX::BRKINT() | POSIX::PARMRK() | POSIX::ISTRIP() | POSIX::INLCR();
  $input |= POSIX::IGNCR() | POSIX::ICRNL() | POSIX::IXON();
  my $local = POSIX::ECHO() | POSIX::ECHONL() | POSIX::ICANON() | POSIX::ISIG() | POSIX::IEXTEN();
  $raw->setiflag($raw->getiflag & ~$input);
  $raw->setoflag($raw->getoflag & ~POSIX::OPOST());
  $raw->setlflag($raw->getlflag & ~$local);
  $raw->setcflag($raw->getcflag & ~(POSIX::CSIZE() | POSIX::PARENB()) | POSIX::CS8());
  $raw->setcc(POSIX::VMIN(), 1);
  $raw->setcc(POSIX::VTIME(), 0);
}

# Copies a changed size, and sets raw mode again after another process had the foreground. Raw mode
# stays until all output of an ended command is written.
sub follow_terminal {
  return unless $master;
  if (!in_foreground()) { $is_raw = 0 }
  elsif ($saved && !$is_raw) { $is_raw = $raw->setattr(0, POSIX::TCSANOW()) }
  return if $ending;
  my $now = "\0" x 8;
  return unless $size_of && ioctl($size_of, $get_size, $now) && $now ne $size;
  $size = $now;
  # 0 × 0: a terminal of unknown size
  ioctl $master, $set_size, $now unless $now =~ /^\0{4}/;
}

sub restore {
  $saved->setattr(0, POSIX::TCSANOW()) if $is_raw && in_foreground();
}

# Without job control every process is in the foreground.
sub in_foreground {
  return 1 unless $stdin_is_tty;
  my $group = POSIX::tcgetpgrp(0);
  return !defined $group || $group <= 0 || $group == getpgrp;
}
