/** Hostile output in place of the requested one. */
export interface Flood {
  name: string;
  /** Writes it to standard output. Runs in busybox sh; busybox is /bin/busybox. */
  script: (most: Most) => string;
  /** It soon ends by itself, with exit code 3 and a hostile last line. */
  isShort: boolean;
}

export interface Most {
  /** Maximum duration, even if nobody stops it. */
  seconds: number;
  /** Size of a short one; the default exceeds every limit of baleine. */
  bytes?: number;
}

const MUCH = 8 * 1024 * 1024;

/**
 * Acts on a terminal: sets the title, clears the screen, sets colors; also a C1 control sequence, a
 * bidirectional override, a bell, a backspace, a form feed and DEL.
 */
const ACTS = String.raw`\033]0;mine\007\033[2J\302\23331m\342\200\256\b\f\177\033[31mowned`;

/** NUL, C0, DEL, bytes that are invalid in UTF-8, and incomplete characters. */
const BYTES = String.raw`\000\001\033\177\200\233\302\377\376\360\237\000owned\003`;

/** The first bytes of a command's output, then the text on its own line. */
const short = (command: string, text: string, { bytes = MUCH }: Most) =>
  `${command} | busybox head -c ${bytes}; printf "\\n${text}\\n"; exit 3`;

export const FLOODS: Flood[] = [
  {
    name: 'endless',
    // a single line
    script: ({ seconds }) => `busybox timeout ${seconds} busybox tr "\\0" A </dev/zero; exit 3`,
    isShort: false,
  },
  {
    name: 'dripping',
    script: ({ seconds }) =>
      `busybox timeout ${seconds} busybox sh -c "while printf x; do busybox sleep 0.1; done"; exit 3`,
    isShort: false,
  },
  {
    name: 'binary',
    script: (most) => short('while busybox cat /bin/busybox; do :; done', BYTES, most),
    isShort: true,
  },
  {
    name: 'escape sequences',
    script: (most) => short(`busybox yes "$(printf "${ACTS}")"`, ACTS, most),
    isShort: true,
  },
];

/** Ends a flood that nobody stopped. */
export const BOUND = { seconds: 60 };

export const shell = (script: string) => ['busybox', 'sh', '-c', script];

/**
 * A server in Perl without modules: a container needs only the program itself. Arguments:
 *
 *     port on 0.0.0.0, or path of a socket; the beginning of each answer; a program and its arguments
 *
 * Each answer is the output of the program, up to its end or that of the connection. Clients of a
 * registry first request /v2/, which gets an empty object.
 */
export const SERVE = String.raw`
my ($place, $head, @command) = @ARGV;
my ($family, $address) = $place =~ m{^/}
  ? (1, pack 'S Z108', 1, $place) : (2, pack 'S n N x8', 2, $place, 0);
unlink $place;
socket my $server, $family, 1, 0 or die "socket: $!";
setsockopt $server, 1, 2, 1;
bind $server, $address or die "bind: $!";
listen $server, 9 or die "listen: $!";
$SIG{CHLD} = 'IGNORE';
while (accept my $peer, $server) {
  next if fork;
  $SIG{CHLD} = 'DEFAULT';
  sysread $peer, my $asked, 4096;
  open STDOUT, '>&', $peer;
  open STDERR, '>', '/dev/null';
  $| = 1;
  print "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" and exit if $asked =~ m{^GET /v2/ };
  print $head;
  exec @command;
}
`;
