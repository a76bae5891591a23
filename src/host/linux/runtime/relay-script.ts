/**
 * Perl (Debian's essential perl-base) that stands between a command in a container and our standard
 * streams, for `relay.ts`. The command gets pipes, or a terminal of its own whose other side is ours:
 * never our terminal or files, which it could read, change and reopen (/proc/PID/fd). Arguments:
 *
 *     numbers of prctl(2), recvmsg(2) and sched_setscheduler(2), ioctls TIOCGWINSZ and TIOCSWINSZ, 1 to
 *     pass standard input on or 0, file in which the runtime writes the command's pid, console socket or '', command
 *
 * At descriptor 3 it reads names of signals for the command, one a line; when that is closed baleine is
 * gone, and the command ends. Ends with the command's exit code, or
 * that of the runtime when nothing was started.
 *
 * The runtime starts the command and leaves (--detach), so it becomes our child, and signals, exit
 * codes and terminals do not depend on which runtime it was. A terminal comes by its console socket
 * (runc's docs/terminals.md). Standard input is read, and its modes are set, only while we are in
 * the terminal's foreground: in the background that would stop all of us (termios(3p), 11.1.4).
 *
 * Of fcntl(2), the same on all that Node runs on: F_SETFL 4 with O_NONBLOCK 04000, F_GETPIPE_SZ 1032.
 */
export const RELAY = String.raw`
use strict;
use POSIX ();
use Socket ();

my ($prctl, $recvmsg, $schedule, $get_size, $set_size, @rest) = @ARGV;
my ($has_input, $pid_file, $console, @command) = @rest;
my $PART = 4096; # as much as a pipe that is ready takes without waiting (pipe(7))
my @HANDLED = qw(INT QUIT HUP TERM CHLD WINCH CONT USR1 USR2);
my @IGNORED = qw(PIPE TTIN TTOU);
$0 = 'baleine: passes streams on';

open my $baleine, '<&=', 3 or die "no descriptor 3: $!\n";
my $woken = 0;
$SIG{$_} = sub { $woken = 1 } for @HANDLED; # those for the command come by descriptor 3
$SIG{$_} = 'IGNORE' for @IGNORED;
syscall($prctl, 36, 1, 0, 0, 0) == 0 or die "cannot adopt the command: $!\n"; # PR_SET_CHILD_SUBREAPER

my $keys_are_tty = $has_input && -t STDIN;
my ($size_of) = grep { -t $_ } \*STDIN, \*STDOUT, \*STDERR;
my ($saved, $raw, $is_raw, $size) = (undef, undef, 0, '');
prepare_raw() if $console ne '' && $keys_are_tty;

my ($listener, $master);
listen_at_console() if $console ne '';
pipe my $child_in, my $to_command;
pipe my $from_output, my $child_out;
# to one place in the order in which it was written
my ($from_errors, $child_err) = same_place() ? (undef, $child_out) : ();
pipe $from_errors, $child_err unless $child_err;
defined(my $runtime = fork) or die "cannot fork: $!\n";
become_runtime() unless $runtime;
close $_ for $child_in, $child_out, $child_err;

# Ways from one place to another, each with what was read and not yet written; 'from' and 'to' go when
# there is no more to come, or nobody to take it.
my @out = ({ from => $from_output, to => \*STDOUT, text => '' });
push @out, { from => $from_errors, to => \*STDERR, text => '' } if $from_errors;
my $in = { from => \*STDIN, to => $console eq '' ? $to_command : undef, text => '' };
if ($console ne '' || !$has_input) { close $to_command }
$in = undef unless $has_input;
nonblocking($_) for grep { $_ } $from_output, $from_errors, $in && $in->{to};

# exit codes of those that have ended, by pid; of the command once it is known
my (%code, $pid, $ending, $kill_at, @signals, $heard);
while (1) {
  $woken = 0;
  reap();
  notice_start();
  last if finished();
  pass_signals();
  follow_terminal();
  turn($woken ? 0 : 0.2);
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
  # crun sets a terminal's size beside the command that already runs: it alone, not what it forks, gets
  # to run at once (SCHED_FIFO | SCHED_RESET_ON_FORK). Without CAP_SYS_NICE it is as fast as it is.
  my ($lowest) = map { pack 'i', $_ } 1; # not a constant, which syscall takes for read-only
  syscall $schedule, 0, 0x40000001, $lowest if $console ne '';
  exec { $command[0] } @command or print STDERR "cannot run $command[0]: $!\n";
  POSIX::_exit(127);
}

sub same_place {
  my @of = map { join ' ', (stat $_)[0, 1, 6] } \*STDOUT, \*STDERR;
  return $of[0] eq $of[1];
}

sub nonblocking { fcntl $_[0], 4, fcntl($_[0], 3, 0) | 04000 }

sub reap {
  while ((my $gone = waitpid -1, POSIX::WNOHANG()) > 0) {
    $code{$gone} = $? & 127 ? 128 + ($? & 127) : $? >> 8;
  }
}

# Once the runtime has left.
sub notice_start {
  return if defined $pid || !defined $code{$runtime} || $code{$runtime} != 0;
  if (open my $file, '<', $pid_file) { ($pid) = <$file> =~ /^(\d+)/ }
  $pid //= 0;
}

sub is_running { $pid && !defined $code{$pid} }

# It has ended, and all that it wrote is passed on: at most what a pipe holds, whoever else goes on.
sub finished {
  return 0 if !defined $code{$runtime} || is_running();
  if (!$ending) {
    $ending = 1;
    $_->{left} = $_->{from} ? fcntl($_->{from}, 1032, 0) || 65536 : 0 for @out;
  }
  for (@out) {
    fill($_) if $_->{from} && $_->{text} eq '' && $_->{left} > 0;
    return 0 if $_->{text} ne '';
  }
  return 1;
}

sub pass_signals {
  return unless is_running();
  if ($kill_at && time >= $kill_at) { push @signals, 'KILL' }
  for my $name (splice @signals) {
    # as if typed: it is for whoever is in the foreground in there
    my $key = $master && { INT => "\x03", QUIT => "\x1c" }->{$name};
    if ($key) { syswrite $master, $key } else { kill $name, $pid }
  }
}

# Nobody reads or writes any more. What does not end by that is killed.
sub hang_up {
  return if $kill_at;
  $kill_at = time + 5;
  push @signals, 'HUP';
  close $master if $master;
  $master = $in = undef;
  @out = grep { !$_->{is_terminal} } @out;
}

sub turn {
  my ($limit) = @_;
  my ($readable, $writable) = ('', '');
  my @sources = grep { $_->{from} && $_->{text} eq '' && !$_->{rests} } $ending ? () : @out;
  push @sources, $in if $in && $in->{to} && $in->{text} eq '' && !$ending && in_foreground();
  $_->{rests} = 0 for @out;
  my @full = grep { $_ && $_->{to} && $_->{text} ne '' } @out, $in;
  vec($readable, fileno $_, 1) = 1 for grep { $_ } $baleine, $listener, map { $_->{from} } @sources;
  vec($writable, fileno $_->{to}, 1) = 1 for @full;
  return if select($readable, $writable, undef, $limit) <= 0;
  hear() if $baleine && vec $readable, fileno $baleine, 1;
  take_terminal() if $listener && vec $readable, fileno $listener, 1;
  # any of these may close what another one is about
  for (@full) { pour($_) if $_->{to} && defined fileno $_->{to} && vec $writable, fileno $_->{to}, 1 }
  for (@sources) { fill($_) if $_->{from} && defined fileno $_->{from} && vec $readable, fileno $_->{from}, 1 }
}

sub fill {
  my ($way) = @_;
  my $got = sysread $way->{from}, $way->{text}, 65536;
  $way->{left} -= $got if $got && $ending;
  return if $got;
  $way->{text} = '';
  return if !defined $got && ($!{EINTR} || $!{EAGAIN});
  my $is_in = $in && $way == $in;
  if (!defined $got && $!{EIO}) {
    # nobody in there has the terminal open now, or we have come into the background
    return $way->{rests} = 1 if !$is_in || !in_foreground();
  }
  return hang_up() if $is_in && $master;
  if ($is_in) { close $in->{to}; return $in = undef }
  close $way->{from};
  $way->{from} = undef;
}

sub pour {
  my ($way) = @_;
  my $put = syswrite $way->{to}, $way->{text}, $PART;
  if ($put) { substr($way->{text}, 0, $put) = ''; return }
  return if $!{EINTR} || $!{EAGAIN};
  return hang_up() if $master;
  $way->{text} = '';
  if ($in && $way == $in) { close $in->{to}; return $in = undef }
  # its writer notices as well
  close $way->{from} if $way->{from};
  $way->{from} = $way->{to} = undef;
}

sub hear {
  my $got = sysread $baleine, $heard, 4096, length($heard // '');
  return if !defined $got && $!{EINTR};
  if ($got) { push @signals, $1 while $heard =~ s/^(\w+)\n//; return }
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
sub take_terminal {
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

# As cfmakeraw(3) does.
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

# Its size changes, and who takes the foreground over sets modes of its own. A command that has ended
# may have printed what is yet to be passed on, in raw mode like all before.
sub follow_terminal {
  return unless $master;
  if (!in_foreground()) { $is_raw = 0 }
  elsif ($saved && !$is_raw) { $is_raw = $raw->setattr(0, POSIX::TCSANOW()) }
  return if $ending;
  my $now = "\0" x 8;
  return unless $size_of && ioctl($size_of, $get_size, $now) && $now ne $size;
  $size = $now;
  # 0 × 0 is a terminal that does not know its own
  ioctl $master, $set_size, $now unless $now =~ /^\0{4}/;
}

sub restore {
  $saved->setattr(0, POSIX::TCSANOW()) if $is_raw && in_foreground();
}

# Without job control everybody is.
sub in_foreground {
  return 1 unless $keys_are_tty;
  my $group = POSIX::tcgetpgrp(0);
  return !defined $group || $group <= 0 || $group == getpgrp;
}
`;
