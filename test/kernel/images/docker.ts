import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { cgroupRoots, folders } from '../../support/leaks.js';

/** A Docker of the test's own: no bridge, no filter rule, everything in one folder. */
export interface Docker {
  /** Runs `docker` with these words; rejects when it fails. Answers standard output. */
  (...words: string[]): Promise<string>;
  /** Scratch folder, removed by `close`. */
  dir: string;
  close(): Promise<void>;
}

/** Starts Debian's docker.io. Its mounts are in the mount namespace that the test has to itself. */
export async function startDocker(): Promise<Docker> {
  const dir = mkdtempSync(join(tmpdir(), 'docker-'));
  const socket = `unix://${join(dir, 'socket')}`;
  const parent = `/baleine/docker-${process.pid}`;
  // Ends with us when the test is cut short; it ends its containerd by itself.
  const bound = ['--pdeathsig', 'TERM', '--', 'dockerd'];
  const daemon = spawn(
    'setpriv',
    [
      ...bound,
      ...['--data-root', join(dir, 'data'), '--exec-root', join(dir, 'exec')],
      ...['--pidfile', join(dir, 'pid'), '--host', socket, '--cgroup-parent', parent],
      ...['--bridge=none', '--iptables=false', '--ip-forward=false', '--log-level=error'],
    ],
    { stdio: 'ignore' },
  );
  const gone = once(daemon, 'exit');
  const docker = async (...words: string[]) =>
    (await execa('docker', ['--host', socket, ...words], { env: { DOCKER_BUILDKIT: '0' } })).stdout;
  const close = async () => {
    daemon.kill('SIGTERM');
    await gone;
    await unmountBelow(dir);
    removeCgroups(parent);
    rmSync(dir, { recursive: true, force: true });
  };
  for (let attempt = 0; attempt < 200 && daemon.exitCode === null; attempt++) {
    const answer = await docker('version').catch(() => undefined);
    if (answer !== undefined) return Object.assign(docker, { dir, close });
    await sleep(50);
  }
  await close();
  throw new Error('dockerd does not start');
}

async function unmountBelow(dir: string): Promise<void> {
  const { stdout } = await execa('findmnt', ['--raw', '--noheadings', '--output', 'TARGET']);
  const below = stdout.split('\n').filter((path) => path.startsWith(`${dir}/`));
  for (const path of below.reverse()) await execa('umount', ['--lazy', path]);
}

/** Without a container it makes none; afterwards it leaves them, and `docker` beside ours. */
function removeCgroups(parent: string): void {
  for (const root of cgroupRoots()) {
    for (const path of folders(join(root, parent)).reverse()) rmdirSync(path);
    const own = join(root, 'docker');
    if (folders(own).length === 1 && readdirSync(own).length > 0) rmdirSync(own);
  }
}
