import { run } from '../process/run.js';

/** Milliseconds from the question to the end of the answer; the proxy answers from memory. */
const TIMEOUT = 1500;

/** Bytes of an answer. Statistics take some 500 bytes per server. */
const MAX_ANSWER = 512 * 1024;

/**
 * Sends one command to a proxy's command socket (HAProxy's Management Guide, 9.3) and returns the
 * complete answer. Anything in the container may answer instead, or stall: the exchange is limited
 * to 1.5 s and 512 KiB, and the path cannot leave the container.
 *
 * @param pid a process of the container, used to enter it
 * @throws Error if nobody in the container listens there, or the answer is late or too long
 */
export async function askProxy(pid: number, path: string, command: string): Promise<string> {
  const purpose = `ask the proxy at ${path}`;
  const limits = { timeout: TIMEOUT, maxOutput: MAX_ANSWER };
  const args = ['-e', SCRIPT, '--', String(pid), path];
  const ran = await run('perl', args, { ...limits, purpose, input: `${command}\n`, reject: false });
  if (ran.code !== 0) throw new Error(`cannot ${purpose}: ${ran.stderr.trim()}`);
  return ran.stdout;
}

/**
 * With the container's root as our root, links in the path resolve inside the container. With the
 * host's /proc as our working folder, we can still check who listens (SO_PEERCRED of unix(7)). A
 * host socket that is bind-mounted into the container is not the proxy's.
 */
const SCRIPT = String.raw`
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
`;
