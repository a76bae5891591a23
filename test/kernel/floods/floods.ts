/** What a stranger writes in place of what it was asked for. */
export interface Flood {
  name: string;
  /** What writes it to standard output: for busybox sh, where busybox is /bin/busybox. */
  script: (most: Most) => string;
  /** It ends by itself and soon, with code 3 and a last line that is worth a look. */
  isShort: boolean;
}

export interface Most {
  /** It ends after so many, whatever becomes of those who read it. */
  seconds: number;
  /** Of one that ends soon: by default much more than is kept of anything. */
  bytes?: number;
}

const MUCH = 8 * 1024 * 1024;

/**
 * What acts on a terminal: a title, a cleared screen, colors, a control sequence of C1, a bidirectional
 * override, a bell, a backspace, a form feed, DEL.
 */
const ACTS = String.raw`\033]0;mine\007\033[2J\302\23331m\342\200\256\b\f\177\033[31mowned`;

/** Zero, C0, DEL, bytes that no UTF-8 has, halves of characters. */
const BYTES = String.raw`\000\001\033\177\200\233\302\377\376\360\237\000owned\003`;

/** So much of what a command prints, then the text in a line of its own. */
const short = (command: string, text: string, { bytes = MUCH }: Most) =>
  `${command} | busybox head -c ${bytes}; printf "\\n${text}\\n"; exit 3`;

export const FLOODS: Flood[] = [
  {
    name: 'endless',
    // all of it one line
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

/** For a flood that nobody has ended. */
export const BOUND = { seconds: 60 };

export const shell = (script: string) => ['busybox', 'sh', '-c', script];

/**
 * A server in perl without its modules, so that the program alone is enough for a container. Arguments:
 *
 *     port of 0.0.0.0, or path of a socket; what each answer begins with; a program and its words
 *
 * Each answer is what the program prints, up to its end or that of the connection. A registry's
 * clients ask for /v2/ first: that gets an answer that tells nothing.
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
