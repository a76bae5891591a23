import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Daemon, startDaemon } from './dockerd.js';
import { removeCgroupParent } from './subject.js';
import { type Command, output, time } from './time.js';

/** The farm to create. Its servers are HAProxy, too, so that they are not the bottleneck. */
export interface Wanted {
  replicas: number;
  version: string;
  memory?: string;
  balance?: string;
  /** Servers replaced at a time; default as in the file format. */
  parallelism?: number;
}

export interface FarmSubject {
  name: string;
  url: string;
  start(): Promise<void>;
  /** Creates or changes the farm, by the program's usual command. */
  change(wanted: Wanted): void;
  /** Pid of the first server's first process. */
  victim(): number;
  /** Restarts what has ended, by the program's usual command. */
  heal(): void;
  end(): Promise<void>;
}

/** Rolling updates, in milliseconds. */
export interface Rolled {
  /** Replaces one server. */
  turn(): number;
  /** Replaces all servers, by an image that is made before. */
  roll(wanted: Wanted): number;
}

const HAPROXY = '/usr/sbin/haproxy';
const SERVER_COMMAND = ['haproxy', '-db', '-f', '/server.cfg'];

const page = (version: string) => `defaults
    mode http
    timeout client 30s
    timeout connect 5s
    timeout server 30s
frontend page
    bind :80
    http-request return status 200 content-type text/plain lf-string "%[hostname] ${version}"
`;

/** @param publish a port of every address of the host, forwarded to the proxy */
export function farmOfOurs(
  dir: string,
  publish?: number,
): FarmSubject & Rolled & { configuration(): string } {
  const file = join(dir, 'baleine.yaml');
  const root = join(dir, 'root');
  const command = (...words: string[]): Command => [
    process.execPath,
    ...['dist/main.js', '--root', root, '--file', file],
    ...words,
  ];
  const apply = () => time(command('apply', '--auto-approve', '--quiet'));
  return {
    name: 'baleine',
    url: 'http://10.77.1.10/',
    configuration: () => readFileSync(join(root, 'configs/bench/web-proxy/haproxy.cfg'), 'utf8'),
    start: async () => {
      mkdirSync(dir, { recursive: true });
    },
    change: (wanted) => {
      writeFileSync(join(dir, `${wanted.version}.cfg`), page(wanted.version));
      writeFileSync(file, JSON.stringify(stack(wanted, publish)));
      apply();
    },
    turn: () => time(command('apply', '--auto-approve', '--replace', 'container.web-server-1')),
    roll: (wanted) => {
      writeFileSync(join(dir, `${wanted.version}.cfg`), page(wanted.version));
      writeFileSync(file, JSON.stringify(stack(wanted, publish)));
      time(command('build'));
      return apply();
    },
    victim: () => {
      const all: { name: string; pid: number }[] = JSON.parse(output(command('ps', '--json')));
      return all.find(({ name }) => name === 'web-server-1')?.pid ?? 0;
    },
    heal: apply,
    end: async () => {
      time(command('destroy', '--auto-approve'));
    },
  };
}

function stack(
  { replicas, version, memory, balance = 'roundrobin', parallelism }: Wanted,
  publish?: number,
) {
  return {
    name: 'bench',
    images: {
      box: { size: '64M', from: { host: { binaries: [HAPROXY] } } },
      web: { from: { image: 'box' }, copy: [{ from: `./${version}.cfg`, to: '/server.cfg' }] },
    },
    bridges: {
      front: { subnet: '10.77.1.0/24', host: '10.77.1.1' },
      back: { subnet: '10.77.2.0/24', isolated: true },
    },
    farms: {
      web: {
        servers: {
          image: 'web',
          command: SERVER_COMMAND,
          stop_signal: 'SIGUSR1',
          replicas,
          bridges: ['back'],
          port: 80,
          ...(memory && { limits: { memory } }),
        },
        ...(parallelism && { update: { parallelism } }),
        proxy: {
          image: 'box',
          bridges: { front: { address: '10.77.1.10' }, back: {} },
          listen: 80,
          balance,
          ...(publish && { publish: [`0.0.0.0:${publish}:80`] }),
        },
      },
    },
  };
}

/**
 * The same by docker-compose, as its user would do it: write the files, `up`, and reload the proxy,
 * which runs with baleine's generated configuration. It has its own bridge, and a filter rule only if
 * it publishes a port.
 *
 * @param configuration baleine's, for the same farm
 * @param publish a port of every address of the host, forwarded to the proxy
 */
export function farmOfCompose(
  dir: string,
  configuration: () => string,
  publish?: number,
): FarmSubject {
  let daemon: Daemon;
  const run = (...command: Command) =>
    time(command, { cwd: dir, env: { DOCKER_HOST: daemon.host } });
  return {
    name: 'docker-compose',
    url: 'http://10.78.0.10/',
    start: async () => {
      mkdirSync(join(dir, 'proxy'), { recursive: true });
      daemon = await startDaemon(dir, publish ? { iptables: 'true', 'ip-masq': 'true' } : {});
      const libraries = `$(ldd ${HAPROXY} | grep -o '/[^ ]*')`;
      run('sh', '-c', `mkdir tree && cp --parents -L ${HAPROXY} ${libraries} tree`);
      run('sh', '-c', 'tar -C tree -c . | docker import - box');
    },
    change: (wanted) => {
      const { version } = wanted;
      cpSync(join(dir, 'tree'), join(dir, version), { recursive: true });
      writeFileSync(join(dir, version, 'server.cfg'), page(version));
      run('sh', '-c', `tar -C ${version} -c . | docker import - web:${version}`);
      writeFileSync(join(dir, 'proxy/haproxy.cfg'), elsewhere(configuration()));
      writeFileSync(join(dir, 'docker-compose.yml'), JSON.stringify(project(wanted, publish)));
      run('docker-compose', 'up', '-d', '--remove-orphans');
      run('docker-compose', 'kill', '-s', 'USR2', 'proxy');
    },
    victim: () => {
      const ask = (...words: Command) =>
        output(words, { cwd: dir, env: { DOCKER_HOST: daemon.host } }).trim();
      const id = ask('docker-compose', 'ps', '-q', 'server-1');
      return Number(ask('docker', 'inspect', '--format', '{{.State.Pid}}', id));
    },
    heal: () => run('docker-compose', 'up', '-d'),
    end: async () => {
      run('docker-compose', 'down', '--timeout', '0');
      await daemon.end();
      removeCgroupParent();
    },
  };
}

/** The configuration with the servers' addresses there, without spares and sockets of the host. */
function elsewhere(configuration: string): string {
  return configuration
    .replace(/^ +server \S+-spare-.*\n/gm, '')
    .replace(/^.*BALEINE_SOCKET.*\n/gm, '')
    .replace(/(server web-server-(\d+)) [\d.]+:/g, (_, server, n) => `${server} ${addressOf(n)}:`);
}

const addressOf = (server: number | string) => `10.78.0.${10 + Number(server)}`;

function project({ replicas, version, memory }: Wanted, publish?: number) {
  const numbers = Array.from({ length: replicas }, (_, index) => index + 1);
  const server = (n: number) => ({
    image: `web:${version}`,
    command: SERVER_COMMAND,
    stop_signal: 'SIGUSR1',
    networks: { default: { ipv4_address: addressOf(n) } },
    ...(memory && { mem_limit: memory.toLowerCase() }),
  });
  const proxy = {
    image: 'box',
    command: ['haproxy', '-W', '-db', '-f', '/etc/proxy/haproxy.cfg'],
    volumes: ['./proxy:/etc/proxy:ro'],
    networks: { default: { ipv4_address: '10.78.0.10' } },
    ...(publish && { ports: [`0.0.0.0:${publish}:80`] }),
  };
  return {
    version: '2.4',
    services: { proxy, ...Object.fromEntries(numbers.map((n) => [`server-${n}`, server(n)])) },
    networks: { default: { ipam: { config: [{ subnet: '10.78.0.0/20' }] } } },
  };
}
