import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CGROUP_PARENT, COMMAND, names, removeCgroupParent, type Subject } from './subject.js';
import { type Command, output, time } from './time.js';

/** docker-compose on a dockerd of its own, which touches no filter rule and no bridge but Compose's. */
export function compose(dir: string, containers: number): Subject {
  const socket = join(dir, 'docker.sock');
  const environment = { cwd: dir, env: { DOCKER_HOST: `unix://${socket}` } };
  const run = (...command: Command) => time(command, environment);
  let daemon: ChildProcess;

  return {
    name: 'docker-compose',
    start: async () => {
      mkdirSync(dir, { recursive: true });
      daemon = startDaemon(dir, socket);
      await answering(daemon, socket);
      writeFileSync(join(dir, 'docker-compose.yml'), project(containers));
    },
    prepare: () => {
      run('sh', '-c', 'mkdir -p tree/bin && cp /bin/busybox tree/bin');
      run('sh', '-c', 'tar -C tree -c . | docker import - base');
    },
    up: () => run('docker-compose', 'up', '-d'),
    again: () => run('docker-compose', 'up', '-d'),
    heal: () => {
      run('docker', 'kill', output(['docker', 'ps', '-q'], environment).split('\n')[0] as string);
      return run('docker-compose', 'up', '-d');
    },
    down: () => run('docker-compose', 'down', '--timeout', '0'),
    running: () => output(['docker', 'ps', '-q'], environment).split('\n').filter(Boolean).length,
    end: async () => {
      const gone = once(daemon, 'exit');
      daemon.kill('SIGTERM');
      await gone;
      removeCgroupParent();
    },
  };
}

function startDaemon(dir: string, socket: string): ChildProcess {
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
  };
  const words = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  return spawn('dockerd', words, { stdio: ['ignore', log, log] });
}

async function answering(daemon: ChildProcess, socket: string): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (daemon.exitCode !== null) break;
    if (existsSync(socket)) return;
    await sleep(100);
  }
  throw new Error('cannot start dockerd: see dockerd.log');
}

function project(containers: number): string {
  const service = {
    image: 'base',
    command: COMMAND,
    mem_limit: '32m',
    stop_signal: 'SIGKILL',
  };
  return JSON.stringify({
    version: '2.4',
    services: Object.fromEntries(names(containers).map((name) => [name, service])),
    networks: { default: { ipam: { config: [{ subnet: '10.78.0.0/20' }] } } },
  });
}
