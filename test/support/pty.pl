# pty.pl ROWS COLUMNS [STEP…] -- PROGRAM [ARGUMENT…]
#
# Runs a program in its own session on a terminal of this size, like a terminal emulator, and prints its
# output. Performs the steps in order while it runs, each within 30 s:
#
#     await=TEXT   waits until TEXT has been printed since the last await
#     type=TEXT    types TEXT; \n, \r and \xHH as in C
#     paste=N      types N bytes of text in lines, and Ctrl-D
#     size=R,C     changes the size and sends SIGWINCH
#     signal=NAME  sends a signal to the program only
#     hang         closes the terminal
#
# At the end prints on standard error whether the terminal's modes are `cooked` or `raw`, and ends with
# the program's exit code, 128 + n for signal n.
use strict;
use POSIX ();
my ($rows, $columns, @steps) = splice @ARGV, 0, (grep { $ARGV[$_] eq '--' } 0 .. $#ARGV)[0];
shift @ARGV;
$| = 1;
$SIG{ALRM} = sub { print STDERR "no end of: @steps\n"; exit 99 };
open my $master, '+<', '/dev/ptmx' or die "ptmx: $!";
my $number = pack 'i', 0;
ioctl $master, 0x40045431, $number or die "TIOCSPTLCK: $!";
ioctl $master, 0x80045430, $number or die "TIOCGPTN: $!";
my $path = '/dev/pts/' . unpack 'i', $number;
resize($rows, $columns);
my $pid = fork // die "fork: $!";
unless ($pid) {
  POSIX::setsid();
  open my $slave, '+<', $path or die "$path: $!";
  POSIX::dup2(fileno $slave, $_) for 0 .. 2;
  exec { $ARGV[0] } @ARGV or POSIX::_exit(127);
}
open my $kept, '+<', $path or die "$path: $!";
my ($seen, $output) = ('', '');
alarm 30;
while (1) {
  my $gone = waitpid $pid, POSIX::WNOHANG();
  my $code = $? & 127 ? 128 + ($? & 127) : $? >> 8;
  1 while take(0);
  finish($code) if $gone;
  next if step();
  take(0.02);
}

sub take {
  my ($limit) = @_;
  return select(undef, undef, undef, $limit) && 0 unless $master;
  my $bits = '';
  vec($bits, fileno $master, 1) = 1;
  return 0 if select($bits, undef, undef, $limit) <= 0;
  sysread $master, my $text, 65536 or return 0;
  print $text;
  $seen .= $text;
  return 1;
}

sub step {
  my ($name, $value) = ($steps[0] // '') =~ /^(\w+)(?:=(.*))?$/s or return 0;
  if ($name eq 'await') {
    my $at = index $seen, $value;
    return 0 if $at < 0;
    $seen = substr $seen, $at + length $value;
  } elsif ($name eq 'type') {
    $value =~ s/\\x(..)|\\([nr])/$1 ? chr hex $1 : $2 eq 'n' ? "\n" : "\r"/ge;
    syswrite $master, $value;
  } elsif ($name eq 'paste') {
    paste($value);
  } elsif ($name eq 'size') {
    resize(split /,/, $value);
    kill 'WINCH', -POSIX::tcgetpgrp(fileno $kept);
  } elsif ($name eq 'signal') {
    kill $value, $pid;
  } elsif ($name eq 'hang') {
    close $kept;
    close $master;
    $kept = $master = undef;
  }
  alarm 30;
  shift @steps;
}

sub paste {
  my ($size) = @_;
  my $text = '';
  $text .= sprintf "%062d\n", length $text while length $text < $size;
  $text .= "\x04";
  while ($text ne '') {
    my ($in, $out) = ('', '');
    vec($in, fileno $master, 1) = vec($out, fileno $master, 1) = 1;
    select $in, $out, undef, undef;
    take(0) if vec $in, fileno $master, 1;
    if (vec $out, fileno $master, 1) { substr($text, 0, syswrite $master, $text, 512) = '' }
  }
}

sub resize {
  my $size = pack 'S4', @_, 0, 0;
  ioctl $master, 0x5414, $size or die "TIOCSWINSZ: $!";
}

sub finish {
  my ($code) = @_;
  if ($kept) {
    my $modes = POSIX::Termios->new;
    $modes->getattr(fileno $kept);
    my $cooked = POSIX::ICANON() | POSIX::ECHO() | POSIX::ISIG();
    print STDERR ($modes->getlflag & $cooked) == $cooked ? "cooked\n" : "raw\n";
  }
  exit $code;
}
