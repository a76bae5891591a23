import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CGROUP_PARENT } from './subject.js';

export interface Daemon {
  /** For DOCKER_HOST. */
  host: string;
  end(): Promise<void>;
}

/**
 * A dockerd that keeps everything in one folder, and creates no filter rule and no bridge.
 *
 * @param more options that override these
 */
export async function startDaemon(dir: string, more: Record<string, string> = {}): Promise<Daemon> {
  const socket = join(dir, 'docker.sock');
  const log = openSync(join(dir, 'dockerd.log'), 'w');
  const options = {
    'data-root': join(dir, 'data'),
    'exec-root': join(dir, 'exec'),
    pidfile: join(dir, 'dockerd.pid'),
    host: `unix://${socket}`,
    bridge: 'none',
    iptables: 'false',
    'ip-masq': 'false',
    'cgroup-parent': CGROUP_PARENT,
    ...more,
  };
  const words = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  const daemon = spawn('dockerd', words, { stdio: ['ignore', log, log] });
  await answering(daemon, socket);
  const end = async () => {
    const gone = once(daemon, 'exit');
    daemon.kill('SIGTERM');
    await gone;
  };
  return { host: `unix://${socket}`, end };
}

async function answering(daemon: ChildProcess, socket: string): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (daemon.exitCode !== null) break;
    if (existsSync(socket)) return;
    await sleep(100);
  }
  throw new Error('cannot start dockerd: see dockerd.log');
}
