import { existsSync, lstatSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf } from '../../../model/errors.js';
import type { InstallPaths } from '../../../model/install-paths.js';
import { RESOLVER_PROGRAM } from '../../../model/resolver.js';
import type { ContainerSpec, MemoryFileState } from '../../../model/specs.js';
import type { Preconditions, UnreclaimableResources } from '../../ports.js';
import { backupProblems } from '../backups/restic.js';
import { linuxCapacity } from '../capacity.js';
import { controllerDir, readHierarchies } from '../cgroups/hierarchies.js';
import { ifThere, readText } from '../files/read.js';
import { udpForwarderProblem } from '../haproxy/udp.js';
import type { FileContents } from '../memory-files/contents.js';
import { readMemoryFiles } from '../memory-files/folder.js';
import { askLease } from '../network/dhcp.js';
import { egressProblem } from '../network/egress.js';
import { forwards, forwards6 } from '../network/forwarding.js';
import { type IpLink, readLinks } from '../network/observe-links.js';
import { ipv6Problem, subnet6Lookup, subnetLookup } from '../network/subnet-taken.js';
import { findProgram, packageOf } from '../process/programs.js';
import { runSync } from '../process/run.js';
import { sizeProblem } from '../volumes/size-problem.js';
import { capabilitiesOf } from './capabilities.js';
import { checkedSysctls } from './config-json.js';
import { filterFor } from './filter.js';
import { readHostFacts } from './host-facts.js';
import { initProblem } from './init.js';
import { wasmProblem } from './wasm.js';

/** @param contents what this run has read of secrets and configs */
export function linuxPreconditions(paths: InstallPaths, contents: FileContents): Preconditions {
  const { isBlockDevice, labelProblem, controller } = linuxCapacity();
  const known = new Map<string, string | undefined>();
  let links: IpLink[] | undefined;
  return {
    isBlockDevice,
    labelProblem,
    controller,
    memoryFileProblem: (id, file) => memoryFileProblem(paths, contents, id, file),
    bindSourceProblem,
    newFolderProblem,
    securityProblem: securityProblem,
    sysctlProblem: (name, value) => {
      const key = `${name}=${value}`;
      if (!known.has(key)) known.set(key, sysctlProblem(name, value));
      return known.get(key);
    },
    runtimeProblem: (name) =>
      findProgram(name) ? undefined : `runtime ${name} is not installed on this host`,
    wasmProblem,
    initProblem,
    unreclaimable: unreclaimable,
    egressProblem,
    volumeSizeProblem: sizeProblem,
    backupProblems: (backup) => backupProblems(backup, paths.root),
    udpForwarderProblem,
    resolverProblem,
    lease: askLease,
    forwards,
    forwards6,
    subnetProblem: subnetLookup(),
    subnet6Problem: subnet6Lookup(),
    ipv6Problem,
    uplinkProblem: (name, bridge) => {
      links ??= readLinks();
      return uplinkProblem(name, bridge, links);
    },
  };
}

function resolverProblem(): string | undefined {
  if (findProgram(RESOLVER_PROGRAM) !== undefined) return undefined;
  return `dnsmasq, which is the resolver, is not installed: apt-get install ${packageOf('dnsmasq')}`;
}

/** What is there already needs no content. */
function memoryFileProblem(
  paths: InstallPaths,
  contents: FileContents,
  id: string,
  file: Parameters<Preconditions['memoryFileProblem']>[1],
): string | undefined {
  const isThere = ({ target, digest, intact }: MemoryFileState) =>
    intact && target === file.target && digest === file.digest;
  if (readMemoryFiles(paths, id)?.some(isThere)) return undefined;
  try {
    contents.of(file);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function bindSourceProblem(path: string): string | undefined {
  try {
    statSync(path);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return `bind source ${path} does not exist`;
    return `bind source ${path} cannot be read: ${messageOf(error)}`;
  }
}

function newFolderProblem(path: string): string | undefined {
  for (let at = path; ; at = dirname(at)) {
    const found = ifThere(() => statSync(at));
    if (found) {
      return at === path || found.isDirectory()
        ? undefined
        : `bind source ${path} cannot be created: ${at} is not a folder`;
    }
    if (ifThere(() => lstatSync(at))) {
      return `bind source ${path} cannot be created: ${at} is a link to nothing`;
    }
    if (at === '/') return undefined;
  }
}

function securityProblem(
  spec: Pick<ContainerSpec, 'security' | 'cap_add' | 'cap_drop' | 'seccomp'>,
): string | undefined {
  try {
    filterFor(spec, capabilitiesOf(spec, readHostFacts().capabilities));
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/**
 * Tries the parameter in namespaces that end with the program, as the runtime would set it: most
 * network parameters of the host do not exist in another network namespace. Parameters of one
 * interface are checked through those of all interfaces.
 */
function sysctlProblem(name: string, value: string): string | undefined {
  try {
    checkedSysctls({ [name]: value });
  } catch (error) {
    return messageOf(error);
  }
  const general = name.replace(/^(net\.ipv[46]\.(?:conf|neigh))\.[^.]+\./, '$1.default.');
  const file = join('/proc/sys', general.replaceAll('.', '/'));
  const words = ['--net', '--ipc', '--', 'tee', '--', file];
  const { code, stderr } = runSync('unshare', words, { input: value, reject: false });
  if (code === 0) return undefined;
  if (/No such file/.test(stderr)) return `a container here has no sysctl ${name}`;
  if (/Permission denied/.test(stderr)) return `sysctl ${name} cannot be set for one container`;
  return `sysctl ${name} cannot be ${JSON.stringify(value)}: ${stderr.split(': ').at(-1) ?? ''}`;
}

/** Excludes caches, which the kernel can reclaim. See cgroup-v1/memory.rst and cgroup-v2.rst. */
function unreclaimable(cgroup: string): UnreclaimableResources | undefined {
  const hierarchies = readHierarchies();
  const pids = controllerDir(hierarchies, 'pids', cgroup);
  const memory = controllerDir(hierarchies, 'memory', cgroup);
  if (!memory || !existsSync(memory.dir)) return undefined;
  const text = readText(join(memory.dir, 'memory.stat')) ?? '';
  const names = memory.version === 1 ? ['total_rss', 'total_shmem'] : ['anon', 'shmem'];
  const amounts = names.map((name) =>
    Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0),
  );
  return {
    memory: amounts.reduce((sum, each) => sum + each, 0),
    pids: Number((pids && readText(join(pids.dir, 'pids.current'))) ?? 0),
  };
}

function uplinkProblem(name: string, bridge: string, links: IpLink[]): string | undefined {
  const link = links.find((each) => each.name === name);
  if (!link) return `this host has no interface ${name}`;
  if (link.master === bridge) return undefined;
  if (link.master !== undefined) return `interface ${name} already belongs to ${link.master}`;
  const [address] = link.addresses;
  return address === undefined
    ? undefined
    : `interface ${name} has the address ${address}, at which this host would become unreachable`;
}
