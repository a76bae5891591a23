import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { cgroupRoots, folders } from './leaks.js';
import type { PrivateHost } from './private-host.js';

const SCRIPT = fileURLToPath(new URL('swarm-node.sh', import.meta.url));

/** A node of a swarm: its own dockerd, in its own network, mount, host name and process namespaces. */
export interface SwarmNode {
  name: string;
  /** For `swarm.host` and `swarm.nodes`. */
  url: string;
  /** On the bridge that all nodes are on, and that the private host has an address on, too. */
  address: string;
  /** Runs the docker client. */
  docker(...words: string[]): Promise<string>;
  /** As if its power were cut. */
  kill(): Promise<void>;
}

const BRIDGE = 'swarm0';
/** Milliseconds for a dockerd to answer. */
const START_LIMIT = 60_000;

/**
 * Starts nodes on a private host, makes them one swarm, and ends them all after the work.
 *
 * @param flags of each dockerd
 */
export async function withSwarm(
  host: PrivateHost,
  count: number,
  work: (nodes: SwarmNode[]) => Promise<void>,
  { joined = count, flags = [] }: { joined?: number; flags?: string[] } = {},
): Promise<void> {
  await host.run('ip', ['link', 'add', BRIDGE, 'type', 'bridge']);
  await host.run('ip', ['address', 'add', '10.200.0.254/24', 'dev', BRIDGE]);
  await host.run('ip', ['link', 'set', BRIDGE, 'up']);
  const nodes: SwarmNode[] = [];
  try {
    for (let number = 1; number <= count; number++)
      nodes.push(await startNode(host, number, flags));
    await Promise.all(nodes.map(answering(host)));
    await joinAll(nodes.slice(0, joined));
    await work(nodes);
  } finally {
    await Promise.all(nodes.map((each) => each.kill()));
    await host.run('ip', ['link', 'delete', BRIDGE], { reject: false });
    for (const [index, { name }] of nodes.entries()) {
      await host.run('ip', ['link', 'delete', `${BRIDGE}-${index + 1}`], { reject: false });
      await host.run('ip', ['netns', 'delete', name], { reject: false });
      await removeCgroups(`swarm-${name}`);
    }
  }
}

async function joinAll([first, ...others]: SwarmNode[]): Promise<void> {
  if (!first) return;
  const pool = ['--default-addr-pool', '10.210.0.0/16'];
  await first.docker('swarm', 'init', '--advertise-addr', first.address, ...pool);
  const token = (await first.docker('swarm', 'join-token', '--quiet', 'worker')).trim();
  for (const each of others) {
    const how = ['--token', token, '--advertise-addr', each.address];
    await each.docker('swarm', 'join', ...how, `${first.address}:2377`);
  }
}

/** @param number from 1; part of its name and its addresses */
async function startNode(host: PrivateHost, number: number, flags: string[]): Promise<SwarmNode> {
  // the names of cgroups are those of the machine
  const name = `node${number}-${host.pid}`;
  const dir = join(host.dir, name);
  mkdirSync(dir);
  const address = `10.200.0.${number}`;
  await host.run('ip', ['netns', 'add', name]);
  const [inner, outer] = ['eth0', `${BRIDGE}-${number}`];
  const link = ['link', 'add', outer, 'type', 'veth', 'peer', 'name', inner, 'netns', name];
  await host.run('ip', link);
  await host.run('ip', ['link', 'set', outer, 'master', BRIDGE, 'up']);
  await host.run('ip', ['-n', name, 'address', 'add', `${address}/24`, 'dev', inner]);
  await host.run('ip', ['-n', name, 'link', 'set', inner, 'up']);
  const words = [
    ...['--pdeathsig', 'KILL', '--', 'nsenter', `--target=${host.pid}`, '--mount'],
    `--net=/proc/${host.pid}/root/run/netns/${name}`,
    ...['unshare', '--mount', '--uts', '--pid', '--fork', '--kill-child=KILL'],
    ...['--propagation', 'private', '--', SCRIPT, dir, name, String(number), ...flags],
  ];
  const node = spawn('setpriv', words, { stdio: 'ignore' });
  const gone = once(node, 'exit');
  const url = `unix://${join(dir, 'docker.sock')}`;
  return {
    ...{ name, url, address },
    docker: async (...all) => (await host.run('docker', ['--host', url, ...all])).stdout,
    kill: async () => {
      node.kill('SIGKILL');
      await gone;
    },
  };
}

function answering(host: PrivateHost) {
  return async ({ name, docker }: SwarmNode) => {
    const deadline = performance.now() + START_LIMIT;
    for (;;) {
      const answer = await docker('version').catch(() => undefined);
      if (answer !== undefined) return;
      if (performance.now() > deadline) break;
      await sleep(250);
    }
    const log = join(host.dir, name, 'log');
    throw new Error(
      `${name} does not answer:\n${existsSync(log) ? readFileSync(log, 'utf8') : ''}`,
    );
  };
}

/** The containers of a node that was killed are gone, their groups are not, and take a moment to be empty. */
async function removeCgroups(name: string): Promise<void> {
  for (const root of cgroupRoots()) {
    for (let attempt = 0; attempt < 50; attempt++) {
      const left = folders(join(root, 'baleine', name)).reverse();
      if (left.length === 0) break;
      for (const path of left) attemptRemoval(path);
      await sleep(100);
    }
    attemptRemoval(join(root, 'baleine'));
  }
}

function attemptRemoval(path: string): void {
  try {
    rmdirSync(path);
  } catch {}
}
