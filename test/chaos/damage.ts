import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installPaths } from '../../src/model/install-paths.js';
import { cgroupRoots } from '../support/leaks.js';
import type { PrivateHost } from '../support/private-host.js';
import type { Random } from './random.js';

/** Breaks one randomly chosen object, and returns its name; undefined if there was none. */
type Damage = (host: PrivateHost, random: Random) => Promise<string | undefined>;

export const DAMAGE: Record<string, Damage> = {
  container: (host, random) => killOne(host, random, 'pid'),
  conmon: (host, random) => killOne(host, random, 'conmon.pid'),
  veth: (host, random) => removeLink(host, random, 'bv-'),
  bridge: (host, random) => removeLink(host, random, 'bb-'),
  mount: async (host, random) => {
    const id = random.pick(containers(host));
    if (!id) return undefined;
    const dir = join(installPaths(host.root).run, 'containers', id, 'rootfs');
    await host.run('umount', ['--lazy', dir], { reject: false });
    return dir;
  },
  /** Kills its processes first: a cgroup in use cannot be removed. */
  cgroup: async (host, random) => {
    const { tag } = installPaths(host.root);
    const id = random.pick(containers(host));
    const groups = cgroupRoots().map((root) => join(root, 'baleine', tag, id ?? ''));
    const pids = groups.flatMap((group) => text(join(group, 'cgroup.procs')).split('\n'));
    for (const pid of new Set(pids.filter(Boolean))) signal(Number(pid));
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (const group of groups) await host.run('rmdir', [group], { reject: false });
    return id;
  },
  netns: async (host, random) => {
    const name = random.pick(names(`/proc/${host.pid}/root/run/netns`));
    if (name) await host.run('ip', ['netns', 'delete', name], { reject: false });
    return name;
  },
};

function containers(host: PrivateHost): string[] {
  return names(join(`/proc/${host.pid}/root`, installPaths(host.root).run, 'containers'));
}

async function killOne(host: PrivateHost, random: Random, file: string) {
  const id = random.pick(containers(host));
  const dir = join(`/proc/${host.pid}/root`, installPaths(host.root).run, 'containers', id ?? '');
  const pid = Number(text(join(dir, file)));
  // the pid may have been reused
  if (!text(`/proc/${pid}/cgroup`).includes(installPaths(host.root).tag) && !isConmon(pid, host))
    return;
  signal(pid);
  return id;
}

const isConmon = (pid: number, host: PrivateHost) =>
  text(`/proc/${pid}/cmdline`).includes(installPaths(host.root).run);

async function removeLink(host: PrivateHost, random: Random, prefix: string) {
  const links = await host.ip<{ ifname: string }>('link');
  const name = random.pick(
    links.map(({ ifname }) => ifname).filter((each) => each.startsWith(prefix)),
  );
  if (name) await host.run('ip', ['link', 'delete', name], { reject: false });
  return name;
}

function signal(pid: number): void {
  try {
    if (pid > 1) process.kill(pid, 'SIGKILL');
  } catch {
    // it has already ended
  }
}

function names(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
