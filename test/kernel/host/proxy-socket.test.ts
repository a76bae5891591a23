import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { askProxy } from '../../../src/host/linux/haproxy/socket.js';

let folder: string;
let socket: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'proxy-'));
  socket = join(folder, 'proxy.sock');
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** Starts a program in its own pid namespace, as in a container. @returns its pid */
async function contained(program: string, args: string[]): Promise<number> {
  const words = ['--pid', '--fork', '--kill-child', '--', program, ...args];
  const outer = spawn('unshare', words, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(outer);
  await once(outer.stdout, 'data');
  return Number(readFileSync(`/proc/${outer.pid}/task/${outer.pid}/children`, 'utf8').trim());
}

/** A proxy that reads a command and answers with the output of Perl code. */
function proxyThat(answer: string): Promise<number> {
  const script = `use Socket; $| = 1; $SIG{PIPE} = 'IGNORE';
    socket my $s, PF_UNIX, SOCK_STREAM, 0; bind $s, pack_sockaddr_un($ARGV[0]); listen $s, 9;
    print "ready\\n";
    while (accept my $c, $s) { my $command = <$c>; select $c; $| = 1; ${answer}; close $c }`;
  return contained('perl', ['-e', script, '--', socket]);
}

it('reads the whole answer of a proxy', async () => {
  const pid = await proxyThat('print "you said $command", "x" x 300000');
  expect(await askProxy(pid, socket, 'show info')).toBe(
    `you said show info\n${'x'.repeat(300000)}`,
  );
});

it('limits an endless or slow answer in bytes and time', async () => {
  const flood = await proxyThat('1 while print "x" x 65536');
  await expect(askProxy(flood, socket, 'show stat')).rejects.toThrow(/more than 524288 bytes/);
  rmSync(socket);
  const drip = await proxyThat('while (print "x") { select undef, undef, undef, 0.1 }');
  await expect(askProxy(drip, socket, 'show stat')).rejects.toThrow(/no end after 1500 ms/);
  rmSync(socket);
  const silent = await proxyThat('sleep 100');
  await expect(askProxy(silent, socket, 'show stat')).rejects.toThrow(/no end after 1500 ms/);
});

it('reports why there is no answer', async () => {
  const pid = await contained('sh', ['-c', 'echo ready; exec sleep 1000']);
  await expect(askProxy(pid, socket, 'show stat')).rejects.toThrow(
    `cannot ask the proxy at ${socket}: no such file or directory`,
  );
  symlinkSync(socket, socket);
  await expect(askProxy(pid, socket, 'show stat')).rejects.toThrow(/too many levels/);
  children.at(-1)?.kill('SIGKILL');
  await expect.poll(() => existsSync(`/proc/${pid}/ns`)).toBe(false);
  await expect(askProxy(pid, socket, 'show stat')).rejects.toThrow(/it has ended/);
});

it('connects to no socket of the host, neither through a link nor through a bind mount', async () => {
  let asked = 0;
  const host = createServer((peer) =>
    peer
      .on('error', () => undefined)
      .on('data', () => {
        asked += 1;
        peer.end('host\n');
      }),
  );
  await once(host.listen(join(folder, 'host.sock')), 'listening');
  copyFileSync('/bin/busybox', join(folder, 'busybox'));
  for (const [name, target] of [
    ['absolute', join(folder, 'host.sock')],
    ['relative', `../../../../../../..${join(folder, 'host.sock')}`],
    ['process', `/proc/${process.pid}/root${join(folder, 'host.sock')}`],
  ] as const) {
    symlinkSync(target, join(folder, name));
  }
  const rooted = await contained('chroot', [
    folder,
    '/busybox',
    'sh',
    '-c',
    'echo ready; /busybox sleep 1000',
  ]);
  for (const name of ['absolute', 'relative', 'process']) {
    await expect(askProxy(rooted, `/${name}`, 'show stat')).rejects.toThrow(/no such file/);
  }
  await expect(askProxy(rooted, '/host.sock', 'show stat')).rejects.toThrow(/not the container/);
  expect(asked).toBe(0);
  host.close();
});
