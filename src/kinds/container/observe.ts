import type {
  FreezeHolder,
  ObservedLimits,
  ObservedLink,
  ObservedProcess,
  Probe,
} from '../../host/ports.js';
import { type EgressSpec, egressFaults, egressRoutes } from '../../model/egress.js';
import type { Exit } from '../../model/exit.js';
import type { HealthResult } from '../../model/health.js';
import {
  cgroupPath,
  diskFile,
  type InstallPaths,
  netnsName,
  netnsPath,
  resolvCopy,
  rootfsDir,
} from '../../model/install-paths.js';
import { exact } from '../../model/json.js';
import { OWN_DISK } from '../../model/limits.js';
import type { NamespaceKey } from '../../model/namespaces.js';
import { portFault } from '../../model/port-security.js';
import type { ContainerFacts, ContainerSpec, LinkSpec } from '../../model/specs.js';
import { elapsed } from '../../model/time.js';
import { resolvConf } from './keys/dns.js';
import { assumedFiles, memoryFilesOf, type SeenFiles } from './memory-files.js';
import { observeShared, type SharedState } from './namespaces.js';

export interface ContainerSeen extends SeenFiles {
  disk: boolean;
  mounted: boolean;
  /** What is wrong with the file of a mounted disk, if it exists. */
  diskFault?: string;
  netns: boolean;
  /** Its processes are frozen, as by `baleine pause`. */
  paused: boolean;
  /** The baleine command that has frozen it for a moment, or was killed while it did. */
  hold?: FreezeHolder;
  /** Its monitor, the parent of its process, is alive; without one there is no log and no exit code. */
  monitored: boolean;
  rebooted: boolean;
  exit?: Exit & { at: string };
  /** Time of the snapshot, milliseconds since 1970. */
  now: number;
  /** Milliseconds since its last start, 0 and up; by the boot clock, which cannot be set, within one boot. */
  age: number;
  /** Time of its last health check before this snapshot. */
  askedAt?: number;
  /** Result of its health check in this snapshot. */
  health?: HealthResult;
  /** By host-side interface name. */
  links: ReadonlyMap<string, LinkState>;
  /** Interfaces that carry the container's mark but are in no row: an update was interrupted. */
  stray: string[];
  /** Targets of mounts whose source was deleted, even if it was created again: the process sees the old one. */
  deadMounts: string[];
  /** The namespaces that it shares; absent if it shares none or does not run. */
  shared?: Partial<Record<NamespaceKey, SharedState>>;
  /** For a way out: what is wrong with its network namespace. */
  egress?: string[];
  /** Its resolv.conf has other name servers than those of its way out. */
  resolves?: false;
  /** Absent if there is no cgroup. */
  limits?: ObservedLimits;
  /** Whether device rules can change while it runs, which cgroup v1 can. */
  devicesLive: boolean;
}

export interface LinkState {
  host?: Pick<ObservedLink, 'up' | 'master' | 'alias'>;
  /** Addresses inside; absent if no process runs there to read them through. */
  guest?: string[];
  /** For a link with a way out or a gateway beside the host: whether it has the default route. */
  routed?: boolean;
  /** The same for IPv6, for any gateway. */
  routed6?: boolean;
  /** The address of a neighbor that is not fixed in it. */
  forgets?: string;
  /** What is wrong with its port of the bridge. */
  fault?: string;
}

export function observe(
  spec: ContainerSpec,
  facts: ContainerFacts | undefined,
  probe: Probe,
  paths: InstallPaths,
): ContainerSeen | undefined {
  const first = alive(probe, facts?.boot_id, facts?.pid, facts?.start_time);
  const running = first !== undefined;
  const disk = probe.exists(diskFile(paths, spec.id));
  if (!running && !disk) return undefined;
  const exit = running ? undefined : exitOf(spec.id, probe, paths);
  const limits = running ? observeLimits(spec, probe, paths) : undefined;
  const paused = running && probe.frozen(cgroupPath(paths, spec.id));
  const checked = running && spec.healthcheck !== undefined;
  const mounted = probe.mounted(rootfsDir(paths, spec.id));
  return exact<ContainerSeen>({
    disk,
    diskFault: disk && mounted ? diskFault(spec.id, probe, paths) : undefined,
    running,
    paused,
    hold: paused ? probe.frozenBy(spec.id) : undefined,
    mounted,
    netns: probe.mounted(netnsPath(paths, spec.id)),
    monitored: isMonitored(first, facts, probe),
    rebooted: facts?.boot_id !== undefined && facts.boot_id !== probe.bootId,
    // the process of a way out is elsewhere
    links: observeLinks(spec.links, running && !spec.egress ? facts?.pid : undefined, probe),
    egress: spec.egress && observeEgress(spec, spec.egress, probe, paths),
    resolves: running ? resolves(spec, probe, paths) : undefined,
    stray: strayLinks(spec, probe),
    devicesLive: probe.controller('devices') === 1,
    deadMounts: running ? deadMounts(spec.mounts, facts?.pid, probe) : [],
    files: probe.memoryFiles(spec.id),
    deadFiles: running ? deadMounts(memoryFilesOf(spec), facts?.pid, probe) : [],
    configText: (target) => probe.configText(spec.id, target),
    shared: observeShared(spec, running ? facts?.pid : undefined, probe, paths),
    now: probe.now,
    age: ageOf(facts, probe),
    exit,
    askedAt: checked ? probe.checkedAt(spec.id) : undefined,
    health: checked && !paused ? probe.health(spec.id) : undefined,
    limits,
  });
}

/** What a snapshot would contain without drift since the row was written. */
export function assume(spec: ContainerSpec): ContainerSeen {
  const links = spec.links.map((each): [string, LinkState] => {
    const { link, alias, bridge_link, address, address6 } = each;
    const guest = [address, address6].filter((text) => text !== undefined);
    return [link, { host: { up: true, master: bridge_link, alias }, guest }];
  });
  const alive = !spec.stopped;
  return {
    disk: true,
    mounted: alive,
    netns: alive,
    running: alive,
    paused: false,
    monitored: alive,
    rebooted: false,
    now: 0,
    age: 0,
    links: new Map(alive ? links : []),
    stray: [],
    // Nobody looked, and a restart works everywhere.
    devicesLive: false,
    deadMounts: [],
    ...assumedFiles(spec),
    limits: spec.limits,
  };
}

/** A pid alone does not identify a process: pids are reused, and after a reboot start times are, too. */
function alive(
  probe: Probe,
  bootId?: string,
  pid?: number,
  startTime?: number,
): ObservedProcess | undefined {
  if (pid === undefined || startTime === undefined || bootId !== probe.bootId) return undefined;
  const seen = probe.process(pid);
  return seen?.start_time === startTime ? seen : undefined;
}

/** Start times are in ticks of 1/100 s since boot (USER_HZ). */
function ageOf(facts: ContainerFacts | undefined, { bootId, uptime, now }: Probe): number {
  const { boot_id, start_time, started_at } = facts ?? {};
  if (start_time !== undefined && boot_id === bootId) return Math.max(0, uptime - start_time * 10);
  return started_at === undefined ? Number.POSITIVE_INFINITY : elapsed(started_at, now);
}

/** A living monitor is the parent of its process, which saves reading another file. */
function isMonitored(
  first: ObservedProcess | undefined,
  facts: ContainerFacts | undefined,
  probe: Probe,
): boolean {
  const { boot_id, monitor } = facts ?? {};
  if (first && first.parent === monitor?.pid) return true;
  return alive(probe, boot_id, monitor?.pid, monitor?.start_time) !== undefined;
}

function exitOf(id: string, probe: Probe, paths: InstallPaths): ContainerSeen['exit'] {
  const exit = probe.exit(id);
  return exit && { ...exit, outOfMemory: probe.oomKills(cgroupPath(paths, id)) > 0 };
}

/**
 * Whether the disk file was replaced while it is mounted, or truncated. The kernel may know the same
 * file by another path to its folder.
 */
function diskFault(id: string, probe: Probe, paths: InstallPaths): string | undefined {
  const file = diskFile(paths, id);
  const mounted = probe.mountedFile(rootfsDir(paths, id));
  if (mounted !== undefined && !mounted.endsWith(file.slice(paths.root.length))) {
    return 'disk file was replaced, and it runs on the one before';
  }
  const { size = 0, wanted = 0 } = probe.diskSize(file) ?? {};
  if (size >= wanted) return undefined;
  return Number.isFinite(wanted)
    ? `disk file was cut short: it has ${size} of ${wanted} bytes`
    : 'disk file is no whole file system';
}

/** Reads only the limits that were set. */
function observeLimits(
  spec: ContainerSpec,
  probe: Probe,
  paths: InstallPaths,
): ObservedLimits | undefined {
  const names = Object.keys(spec.limits) as (keyof ObservedLimits)[];
  const seen = probe.limits(cgroupPath(paths, spec.id), names);
  return seen?.io ? { ...seen, io: named(seen.io, spec, probe, paths) } : seen;
}

/** As in the file: the kernel knows devices by number. */
function named(
  io: NonNullable<ObservedLimits['io']>,
  { id, limits }: ContainerSpec,
  probe: Probe,
  paths: InstallPaths,
) {
  const names = limits.io?.map(({ device }): [string | undefined, string] => [
    probe.device(device === OWN_DISK ? rootfsDir(paths, id) : device),
    device,
  ]);
  const byNumber = new Map(names);
  return io.map((each) => ({ ...each, device: byNumber.get(each.device) ?? each.device }));
}

/** Only of mounts in the spec; what a process has mounted itself is ignored. */
function deadMounts(
  mounts: readonly { target: string }[] = [],
  pid: number | undefined,
  probe: Probe,
): string[] {
  if (pid === undefined || mounts.length === 0) return [];
  const dead = new Set(probe.deadMounts(pid));
  return mounts.map(({ target }) => target).filter((target) => dead.has(target));
}

function strayLinks({ links }: ContainerSpec, probe: Probe): string[] {
  const mark = links[0]?.alias.replace(/[^/]*$/, '');
  if (mark === undefined) return [];
  const names = probe.linksWithAlias(mark).map(({ name }) => name);
  return names.filter((name) => !links.some(({ link }) => link === name));
}

function observeLinks(
  links: LinkSpec[],
  pid: number | undefined,
  probe: Probe,
): Map<string, LinkState> {
  const devices = links.map(({ device }) => device);
  const inside = pid !== undefined && links.length > 0 ? probe.addresses(pid, devices) : undefined;
  const leaves = links.some(({ dns }) => dns !== undefined);
  const gateways = pid !== undefined && leaves ? probe.gateways(pid) : undefined;
  const inside6 = pid !== undefined ? observe6(links, pid, probe) : undefined;
  const fixes = links.some(({ neighbors }) => neighbors !== undefined);
  const fixed = pid !== undefined && fixes ? probe.neighbors(pid) : undefined;
  const states = links.map((each): [string, LinkState] => {
    const { link, bridge_link, device, gateway, gateway6, dns, neighbors } = each;
    const host = probe.link(link);
    const port = host?.master === bridge_link ? host.port : undefined;
    const found = inside && (inside.get(device) ?? []);
    const found6 = inside6?.addresses.get(device);
    const routed = gateways && dns !== undefined ? gateways.get(device) === gateway : undefined;
    return [
      link,
      exact<LinkState>({
        host,
        fault: port && portFault(each, port, probe.fixed(bridge_link)),
        forgets: fixed && neighbors && missing(neighbors, fixed.get(device)),
        guest: found && found6 ? [...found, ...found6] : found,
        routed,
        routed6:
          inside6 && gateway6 !== undefined
            ? (inside6.gateways?.get(device)?.includes(gateway6) ?? false)
            : undefined,
      }),
    ];
  });
  return new Map(states);
}

/** Undefined for a container without IPv6, whose files are not read. */
function observe6(links: LinkSpec[], pid: number, probe: Probe) {
  if (links.every(({ address6 }) => address6 === undefined)) return undefined;
  const isRouted = links.some(({ gateway6 }) => gateway6 !== undefined);
  return {
    addresses: probe.addresses6(pid),
    gateways: isRouted ? probe.gateways6(pid) : undefined,
  };
}

/**
 * The first of these addresses that has not its MAC address. Of IPv6, the kernel shows none in a file.
 */
function missing(
  wanted: NonNullable<LinkSpec['neighbors']>,
  fixed: ReadonlyMap<string, string> | undefined,
): string | undefined {
  const found = Object.entries(wanted).find(([address, mac]) => {
    if (address.includes(':')) return false;
    const seen = fixed?.get(address);
    return mac === 'host' ? seen === undefined : seen !== mac;
  });
  return found?.[0];
}

function observeEgress(
  { id, links: [link] }: ContainerSpec,
  egress: EgressSpec,
  probe: Probe,
  paths: InstallPaths,
): string[] | undefined {
  const seen = probe.mounted(netnsPath(paths, id)) ? probe.egress(netnsName(paths, id)) : undefined;
  const address = link?.address ?? '';
  return seen && egressFaults(seen, address, egressRoutes(egress, address, probe.ownNetworks()));
}

/** Only for a container whose links have name servers: all others have what their start wrote. */
function resolves(spec: ContainerSpec, probe: Probe, paths: InstallPaths): false | undefined {
  const follows = spec.links.some(
    ({ dns, resolver }) => dns !== undefined || resolver !== undefined,
  );
  if (!follows) return undefined;
  const same = probe.hasText(resolvCopy(paths, spec.id), resolvConf(spec));
  return same === false ? same : undefined;
}
