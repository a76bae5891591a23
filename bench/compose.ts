import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Daemon, startDaemon } from './dockerd.js';
import { COMMAND, names, removeCgroupParent, type Subject } from './subject.js';
import { type Command, output, time } from './time.js';

/** docker-compose on a private dockerd, which changes no filter rule and no bridge but Compose's. */
export function compose(dir: string, containers: number): Subject {
  let daemon: Daemon;
  const environment = () => ({ cwd: dir, env: { DOCKER_HOST: daemon.host } });
  const run = (...command: Command) => time(command, environment());

  return {
    name: 'docker-compose',
    start: async () => {
      mkdirSync(dir, { recursive: true });
      daemon = await startDaemon(dir);
      writeFileSync(join(dir, 'docker-compose.yml'), project(containers));
    },
    prepare: () => {
      run('sh', '-c', 'mkdir -p tree/bin && cp /bin/busybox tree/bin');
      run('sh', '-c', 'tar -C tree -c . | docker import - base');
    },
    up: () => run('docker-compose', 'up', '-d'),
    again: () => run('docker-compose', 'up', '-d'),
    heal: () => {
      const [killed = ''] = output(['docker', 'ps', '-q'], environment()).split('\n');
      run('docker', 'kill', killed);
      // a start during the daemon's cleanup leaves an endpoint behind for good
      run('docker', 'wait', killed);
      return run('docker-compose', 'up', '-d');
    },
    down: () => run('docker-compose', 'down', '--timeout', '0'),
    running: () => output(['docker', 'ps', '-q'], environment()).split('\n').filter(Boolean).length,
    end: async () => {
      await daemon.end();
      removeCgroupParent();
    },
  };
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
