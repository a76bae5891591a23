import { run } from '../process/run.js';

/** Milliseconds from the question to the end of the answer; a proxy answers from memory. */
const PATIENCE = 1500;

/** Bytes of an answer. The statistics of a server are some 500. */
const MOST = 512 * 1024;

/**
 * Asks a proxy by its command socket (HAProxy's Management Guide, 9.3): one command, its whole
 * answer. Whatever runs in the container may answer in its place, or let us wait: it gets 1.5 s
 * and 512 KiB in all, and its path leads nowhere but into the container.
 *
 * @param pid a process of its container, which that is entered by
 * @throws Error when nobody in the container listens there, or the answer is late or too long
 */
export async function askProxy(pid: number, path: string, command: string): Promise<string> {
  const purpose = `ask the proxy at ${path}`;
  const limits = { timeout: PATIENCE, maxOutput: MOST };
  const args = ['-e', SCRIPT, '--', String(pid), path];
  const ran = await run('perl', args, { ...limits, purpose, input: `${command}\n`, reject: false });
  if (ran.code !== 0) throw new Error(`cannot ${purpose}: ${ran.stderr.trim()}`);
  return ran.stdout;
}

/**
 * With the container's root as our own, links in the path end in the container as they do for those
 * inside; with the host's /proc as our folder, who listens can still be looked at (SO_PEERCRED of
 * unix(7)). A socket of the host that is bound into the container is none of the proxy's.
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
