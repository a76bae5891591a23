import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { cgroupRoots, folders } from '../../support/leaks.js';

/** The test's own Docker daemon: no bridge, no packet filter, everything in one folder. */
export interface Docker {
  /** Runs `docker` and returns its standard output; rejects if it fails. */
  (...words: string[]): Promise<string>;
  /** Scratch folder, removed by `close`. */
  dir: string;
  close(): Promise<void>;
}

/** Starts Debian's docker.io in the mount namespace of the test. */
export async function startDocker(): Promise<Docker> {
  const dir = mkdtempSync(join(tmpdir(), 'docker-'));
  const socket = `unix://${join(dir, 'socket')}`;
  const parent = `/baleine/docker-${process.pid}`;
  // the daemon is ended if the test is killed, and then ends its containerd
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
  const ended = once(daemon, 'exit');
  const docker = async (...words: string[]) =>
    (await execa('docker', ['--host', socket, ...words], { env: { DOCKER_BUILDKIT: '0' } })).stdout;
  const close = async () => {
    daemon.kill('SIGTERM');
    await ended;
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

/** Docker leaves the cgroups of its containers behind, and an empty group `docker`. */
function removeCgroups(parent: string): void {
  for (const root of cgroupRoots()) {
    for (const path of folders(join(root, parent)).reverse()) rmdirSync(path);
    const own = join(root, 'docker');
    if (folders(own).length === 1 && readdirSync(own).length > 0) rmdirSync(own);
  }
}
