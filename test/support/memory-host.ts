import { basename, join } from 'node:path';
import type {
  FreezeHolder,
  Host,
  Life,
  ObservedLimits,
  ObservedLink,
  Probe,
  Wiring,
} from '../../src/host/ports.js';
import { dueForHealth } from '../../src/kinds/container/health.js';
import { resolvConf } from '../../src/kinds/container/keys/dns.js';
import { withDefaultRules } from '../../src/model/devices.js';
import { egressRoutes, INNER, type ObservedEgress, TAP } from '../../src/model/egress.js';
import type { HealthResult } from '../../src/model/health.js';
import {
  cgroupPath,
  diskFile,
  diskSnapshotsDir,
  hostsCopy,
  type InstallPaths,
  imageCacheDir,
  netnsName,
  netnsPath,
  resolvCopy,
  snapshotsDir,
  startedFile,
  volumeFile,
} from '../../src/model/install-paths.js';
import type { NamespaceType } from '../../src/model/namespaces.js';
import type { Row } from '../../src/model/resource.js';
import type { ContainerSpec, MemoryFileState } from '../../src/model/specs.js';

const START = Date.parse('2026-01-01T00:00:00Z');

interface MemoryFile {
  size: number;
  text?: string;
  directory: boolean;
}

/**
 * A host that consists of maps: the ports change them and the probe reads them, so that planner tests
 * can apply a file, break something, and make the next plan. Does not replace kernel tests.
 */
export class MemoryHost {
  bootId = 'boot-1';
  /** Version of the cgroup hierarchy with all controllers. */
  hierarchy: 1 | 2 = 1;
  links = new Map<string, ObservedLink>();
  mounts = new Map<string, string>();
  processes = new Map<number, number>();
  files = new Map<string, MemoryFile>();
  cgroups = new Map<string, ObservedLimits>();
  /** Size of the file system in a file, if it differs from the file's. */
  wanted = new Map<string, number>();
  namespaces = new Map<string, Map<string, string[]>>();
  /** Gateways of default routes by device, by network namespace name. */
  gateways = new Map<string, Map<string, string>>();
  /** IPv6 addresses and gateways by device, by network namespace name. */
  namespaces6 = new Map<string, Map<string, string[]>>();
  gateways6 = new Map<string, Map<string, string[]>>();
  /** Ways out, by network namespace name. */
  egress = new Map<string, ObservedEgress>();
  ownNetworks: string[] = [];
  exits = new Map<string, { code: number; at: string }>();
  /** Network namespace and host-side monitor of a container's process. */
  running = new Map<string, { pid: number; monitor: number; netns: string }>();
  signals: string[] = [];
  /** Commands that were run in containers, and those that exit with 1. */
  executed: string[] = [];
  failing = new Set<string>();
  /** Volumes by the image's folder that they got their first content from. */
  seeded: { path: string; image: string; from: string }[] = [];
  /** Calls made to proxies about their servers. */
  proxyCalls: string[] = [];
  /** Milliseconds since 1970; tests advance it. */
  now = START;
  /** Milliseconds by which its clock is wrong. */
  skew = 0;
  /** Why a container's health check fails; all others succeed. */
  ill = new Map<string, string>();
  /** When the health of each was last checked, and how often. */
  asked = new Map<string, { at: number; times: number }>();
  /** Ids of containers whose monitor calls baleine. */
  healing = new Set<string>();
  /** Ids of paused containers. */
  frozen = new Set<string>();
  /** The command that has frozen a container, by id. */
  holds = new Map<string, FreezeHolder>();
  /** Secrets and configs by the id of their container. */
  memoryFiles = new Map<string, MemoryFileState[]>();
  /** Contents by digest, as far as a test needs them. */
  contents = new Map<string, string>();
  #nextPid = 1000;
  #nextNetns = 0;
  /** What identifies each network namespace, by its file, and those of each process. */
  readonly #netnsIds = new Map<string, string>();
  readonly #spaces = new Map<number, Record<NamespaceType, string>>();
  #due: string[] = [];

  constructor(readonly paths: InstallPaths) {}

  probe(): Probe {
    return {
      bootId: this.bootId,
      now: this.now + this.skew,
      uptime: this.#uptime(),
      checkedAt: (id) => this.asked.get(id)?.at,
      health: () => undefined,
      link: (name) => this.links.get(name),
      linksWithAlias: (prefix) =>
        [...this.links.values()].filter(({ alias }) => alias?.startsWith(prefix)),
      mounted: (path) => this.mounts.has(path),
      mountedFile: (path) => this.mounts.get(path),
      diskSize: (path) => {
        const size = this.files.get(path)?.size;
        return size === undefined ? undefined : { size, wanted: this.wanted.get(path) ?? size };
      },
      process: (pid) => {
        const start_time = this.processes.get(pid);
        return start_time === undefined ? undefined : { start_time, parent: 1 };
      },
      exists: (path) => this.files.has(path),
      file: (path) => {
        const file = this.files.get(path);
        return file && { size: file.size, used: file.size, directory: file.directory };
      },
      names: (dir) => this.#names(dir),
      groups: (cgroup) => childrenOf(cgroup, this.cgroups.keys()),
      memoryFiles: (id) => this.memoryFiles.get(id),
      configText: (id, target) => {
        const file = this.memoryFiles.get(id)?.find((each) => each.target === target);
        return this.contents.get(file?.digest ?? '');
      },
      text: (path) => this.files.get(path)?.text,
      hasText: (path, text) => {
        const file = this.files.get(path);
        return file && file.text === text;
      },
      limits: (cgroup) => this.cgroups.get(cgroup),
      device: (path) => path,
      usage: () => undefined,
      traffic: () => ({ received: 0, sent: 0 }),
      controller: () => this.hierarchy,
      oomKills: () => 0,
      deadMounts: () => [],
      frozenBy: (id) => this.holds.get(id),
      frozen: (cgroup) => [...this.frozen].some((id) => cgroupPath(this.paths, id) === cgroup),
      addresses: (pid) => this.namespaces.get(this.#netnsOf(pid)) ?? new Map(),
      exit: (id) => this.exits.get(id),
      namespace: (of, type) =>
        typeof of === 'string' ? this.#netnsIds.get(of) : this.#spaces.get(of)?.[type],
      gateways: (pid) => this.gateways.get(this.#netnsOf(pid)) ?? new Map(),
      addresses6: (pid) => this.namespaces6.get(this.#netnsOf(pid)) ?? new Map(),
      gateways6: (pid) => this.gateways6.get(this.#netnsOf(pid)) ?? new Map(),
      egress: (netns) => this.egress.get(netns),
      ownNetworks: () => this.ownNetworks,
      neighbors: () => undefined,
      fixed: () => ({ ports: undefined, neighbors: undefined }),
    };
  }

  /** A probe with the health checks that are due; an apply then calls `noteHealthChecked`. */
  probeAsking(rows: readonly Row[]): Probe {
    const probe = this.probe();
    const due = dueForHealth(rows, probe, this.paths).map(({ id }) => id);
    this.#due = due;
    return { ...probe, health: (id) => (due.includes(id) ? this.#answer(id) : undefined) };
  }

  async noteHealthChecked(): Promise<void> {
    await this.ports.health.recordChecks(this.#due);
  }

  get ports(): Host {
    return {
      links: {
        ensureBridge: async ({ link, alias, address, address6 }) => {
          const addresses = address ? [address] : [];
          const seen: ObservedLink = { name: link, kind: 'bridge', up: true, alias, addresses };
          const with6 = address6 && { ipv6: 'global' as const, addresses6: [address6] };
          this.links.set(link, { ...seen, ...with6 });
        },
        removeLink: async (name) => this.removeLink(name),
        wire: async (wirings) => wirings.map((each) => this.#wire(each)),
        unwire: async (names) => {
          for (const name of names) this.removeLink(name);
        },
        removeNetns: async (names) => {
          for (const name of names) {
            for (const map of [this.namespaces, this.gateways, this.egress]) map.delete(name);
            for (const map of [this.namespaces6, this.gateways6]) map.delete(name);
            this.mounts.delete(`/run/netns/${name}`);
          }
        },
      },
      diskSnapshots: {
        take: async (id, tag) => {
          this.#file(join(diskSnapshotsDir(this.paths, id), tag), 0);
          return { bytes: 0, paused: 0 };
        },
        keep: async (id, tag) => {
          const isThere = this.files.delete(diskFile(this.paths, id));
          if (isThere) this.#file(join(diskSnapshotsDir(this.paths, id), tag), 0);
          return isThere;
        },
        restore: async (id, _tag, former) => {
          this.#file(join(diskSnapshotsDir(this.paths, id), former), 0);
        },
        list: (id) => this.#tagsIn(diskSnapshotsDir(this.paths, id)),
        remove: async (id, tag) => {
          this.files.delete(join(diskSnapshotsDir(this.paths, id), tag));
        },
        rename: async () => undefined,
      },
      disks: {
        create: async (file, size) => this.#file(file, size),
        copy: async (from, to, size) =>
          this.#file(to, Math.max(size ?? 0, this.files.get(from)?.size ?? 0)),
        copyAll: async (copies) => {
          for (const { from, to } of copies) this.#file(to, this.files.get(from)?.size ?? 0);
          return copies.map(() => undefined);
        },
        derive: async (_from, to, size) => this.#file(to, size),
        remove: async (file) => {
          this.files.delete(file);
        },
        replace: async (from, to) => {
          this.#file(to, this.files.get(from)?.size ?? 0);
          this.files.delete(from);
        },
        linkAs: async (file, as) => this.#file(as, this.files.get(file)?.size ?? 0),
        check: async () => undefined,
        checkComplete: async (file) => {
          const { size = 0 } = this.files.get(file) ?? {};
          if (size < (this.wanted.get(file) ?? size)) throw new Error(`cannot mount ${file}: cut`);
        },
        ensureMounted: async (file, dir) => {
          this.mounts.set(dir, file);
        },
        mountAll: async (mounts) => {
          for (const { file, dir } of mounts) this.mounts.set(dir, file);
          return mounts.map(() => undefined);
        },
        flush: async () => undefined,
        ensureUnmounted: async (dir) => {
          this.mounts.delete(dir);
        },
        unmountAll: async (dirs) => {
          for (const dir of dirs) this.mounts.delete(dir);
          return dirs.map(() => undefined);
        },
      },
      rootfs: {
        debian: async () => undefined,
        debianInputs: async () => ({ content: {} }),
        extract: async () => undefined,
        host: async () => undefined,
        copy: async () => undefined,
      },
      images: {
        inspect: async () => {
          throw new Error('the in-memory host has no foreign images');
        },
        checkBuild: async () => undefined,
        unpack: async () => undefined,
        push: async () => undefined,
        export: async (_what, to) => this.#file(to, 0),
      },
      imageCache: {
        find: async () => undefined,
        keep: async (id, _inputs, make) => {
          const file = join(imageCacheDir(this.paths), id, 'stage.img');
          await make(file);
          return file;
        },
        drop: async (id) => {
          this.files.delete(join(imageCacheDir(this.paths), id, 'stage.img'));
        },
      },
      files: {
        ensureDir: async (path) => {
          this.files.set(path, { size: 0, directory: true });
        },
        ensureFolder: async (path) => {
          this.files.set(path, { size: 0, directory: true });
        },
        write: async (path, text) => {
          this.files.set(path, { size: text.length, text, directory: false });
        },
        join: async (from, path) => {
          this.files.set(path, { size: 0, text: from.join(), directory: false });
        },
        overwrite: async (path, text) => {
          const there = this.files.has(path);
          if (there) this.files.set(path, { size: text.length, text, directory: false });
          return there;
        },
        move: async (from, to) => {
          for (const [path, file] of this.files) {
            if (path !== from && !path.startsWith(`${from}/`)) continue;
            this.files.delete(path);
            this.files.set(`${to}${path.slice(from.length)}`, file);
          }
        },
        remove: async (path) => {
          for (const each of this.files.keys()) {
            if (each === path || each.startsWith(`${path}/`)) this.files.delete(each);
          }
        },
      },
      memoryFiles: {
        place: async ({ id, files, signal }) => {
          const states = files.map(({ source: _, section: __, from: ___, ...file }) => ({
            ...file,
            intact: true,
          }));
          if (files.length > 0) this.memoryFiles.set(id, states);
          else this.memoryFiles.delete(id);
          if (signal !== undefined) this.signals.push(`${signal} ${id}`);
        },
        remove: async (folder) => {
          this.memoryFiles.delete(basename(folder));
        },
      },
      volumes: {
        create: async (path, how) => {
          if (how.seed) this.seeded.push({ path, ...how.seed });
          this.files.set(path, { size: 0, directory: true });
          if (how.size === undefined) return;
          this.files.set(volumeFile(path), { size: how.size, directory: false });
          this.mounts.set(path, volumeFile(path));
        },
        give: async () => undefined,
        snapshot: async (_path, to) => {
          this.files.set(to, { size: 0, directory: true });
          return { bytes: 0, paused: 0 };
        },
        snapshots: (path) => this.#tagsIn(snapshotsDir(path)),
        restore: async () => undefined,
        createFrom: async (path) => {
          this.files.set(path, { size: 0, directory: true });
        },
        removeSnapshot: async (snapshot) => {
          this.files.delete(snapshot);
        },
        release: async (path) => {
          this.mounts.delete(path);
        },
        remove: async (path) => {
          this.files.delete(path);
          this.files.delete(volumeFile(path));
          this.mounts.delete(path);
        },
      },
      cgroups: {
        ensureLimits: async (cgroup, limits) => {
          this.cgroups.set(cgroup, observedLimits(limits));
        },
        remove: async (cgroup) => {
          this.cgroups.delete(cgroup);
        },
      },
      runtime: {
        verifyAll: async (checks) => checks.map(() => undefined),
        start: async (spec) => this.#start(spec),
        restore: async (spec) => this.#start(spec),
        dump: async () => undefined,
        checkpointProblem: async () => undefined,
        stop: async (id) => this.#stop(id),
        signal: async (id, signal) => {
          if (!this.running.has(id)) return false;
          this.signals.push(`${signal} ${id}`);
          return true;
        },
        run: async () => 0,
        freeze: async (id, frozen) => {
          if (frozen) this.frozen.add(id);
          else this.frozen.delete(id);
          return this.running.has(id);
        },
        withFrozen: async (_id, _how, work) => work(),
        execute: async (id, args) => {
          if (!this.running.has(id)) return undefined;
          const command = args.join(' ');
          this.executed.push(`${id}: ${command}`);
          return { code: this.failing.has(command) ? 1 : 0, output: `${command}\u001b[2J\nend` };
        },
        runOneOff: async () => undefined,
        givePrivateFiles: async () => undefined,
        clearAbandoned: async () => undefined,
        healAtOnce: async (id, on) => {
          if (on) this.healing.add(id);
          else this.healing.delete(id);
        },
      },
      health: {
        checkAll: async (targets) => targets.map(({ id }) => this.#answer(id)),
        recordChecks: async (ids) => {
          for (const id of ids) {
            const at = this.now + this.skew;
            this.asked.set(id, { at, times: (this.asked.get(id)?.times ?? 0) + 1 });
          }
        },
        life: (id) => this.#life(id),
        exitCode: (id) => this.exits.get(id)?.code,
      },
      masters: {
        awaitWorker: async () => undefined,
        reload: async (id, signal) => {
          if (this.running.has(id)) this.signals.push(`${signal} ${id}`);
        },
      },
      proxies: {
        check: async () => undefined,
        runs: async ({ id }) => this.running.has(id),
        drain: async (_proxy, servers) => {
          this.proxyCalls.push(`drain ${servers.join(' ')}`);
        },
        admit: async (_proxy, server, port) => {
          this.proxyCalls.push(`admit ${server} at ${port}`);
        },
        awaitUp: async () => undefined,
        awaitAnswer: async () => undefined,
        reload: async ({ id }, signal) => {
          if (this.running.has(id)) this.signals.push(`${signal} ${id}`);
        },
      },
    };
  }

  /** As in the kernel, ports of a removed bridge lose their master, and a veth is removed with its peer. */
  removeLink(name: string): void {
    this.links.delete(name);
    for (const link of this.links.values()) if (link.master === name) delete link.master;
  }

  /** Ends the process; its monitor records the exit code and ends as well. */
  end(id: string, code: number): void {
    const found = this.running.get(id);
    if (!found) throw new Error(`${id} does not run`);
    this.processes.delete(found.pid);
    this.processes.delete(found.monitor);
    this.running.delete(id);
    this.frozen.delete(id);
    this.cgroups.delete(cgroupPath(this.paths, id));
    this.exits.set(id, { code, at: this.#date() });
    this.asked.delete(id);
  }

  /** Removes processes, mounts, links and namespaces, but no files. */
  reboot(): void {
    this.bootId = 'boot-2';
    for (const map of [this.links, this.mounts, this.processes, this.cgroups]) map.clear();
    for (const map of [this.namespaces, this.exits, this.running, this.memoryFiles]) map.clear();
    for (const map of [this.gateways, this.egress]) map.clear();
    for (const map of [this.namespaces6, this.gateways6]) map.clear();
  }

  #life(id: string): Life | undefined {
    const code = this.exits.get(id)?.code;
    if (this.running.has(id)) return { running: true, paused: this.frozen.has(id), age: 0 };
    return code === undefined ? undefined : { running: false, code, age: 0 };
  }

  /** Time by the clock that may be wrong. */
  #date(): string {
    return new Date(this.now + this.skew).toISOString();
  }

  /** Time by the monotonic clock. */
  #uptime(): number {
    return this.now - START + 3_600_000;
  }

  #answer(id: string): HealthResult {
    const reason = this.running.has(id) ? this.ill.get(id) : 'connection refused';
    return reason === undefined ? { healthy: true } : { healthy: false, reason };
  }

  #tagsIn(dir: string) {
    const own = [...this.files.keys()].filter((each) => each.startsWith(`${dir}/`));
    return own.map((each, taken) => ({ tag: basename(each), taken }));
  }

  #file(path: string, size: number): void {
    this.files.set(path, { size, directory: false });
  }

  #wire({ netns, links, egress }: Wiring): Error | undefined {
    const devices = this.namespaces.get(netns) ?? new Map<string, string[]>();
    this.namespaces.set(netns, devices);
    const path = `/run/netns/${netns}`;
    if (!this.mounts.has(path)) this.#netnsIds.set(path, `net-${++this.#nextNetns}`);
    this.mounts.set(path, 'nsfs');
    for (const { link, alias, bridge_link, device, address, ...spec } of links) {
      if (!this.links.has(bridge_link)) return new Error(`cannot wire ${link}: no ${bridge_link}`);
      const addresses: string[] = [];
      this.links.set(link, {
        name: link,
        kind: 'veth',
        up: true,
        master: bridge_link,
        alias,
        addresses,
        port: {
          number: 1,
          learning: spec.port_security === false,
          locked: spec.port_security !== false,
          isolated: spec.isolated ?? false,
        },
      });
      devices.set(device, address ? [address] : []);
    }
    const routes = links.flatMap(({ device, gateway }): [string, string][] =>
      gateway === undefined ? [] : [[device, gateway]],
    );
    this.gateways.set(netns, new Map(routes));
    const of6 = (key: 'address6' | 'gateway6') =>
      new Map(links.flatMap(({ device, [key]: text }) => (text ? [[device, [text]]] : [])));
    this.namespaces6.set(netns, of6('address6'));
    this.gateways6.set(netns, of6('gateway6'));
    const address = links[0]?.address ?? '';
    if (egress) {
      this.egress.set(netns, {
        links: { eth0: [address], [TAP]: [`${INNER.own}/32`] },
        routes: egressRoutes(egress, address, this.ownNetworks),
        forwards: true,
      });
    }
    return undefined;
  }

  #start(spec: ContainerSpec) {
    const netnsOwner = spec.network?.id ?? spec.id;
    const path = netnsPath(this.paths, netnsOwner);
    if (!spec.host_network && !this.mounts.has(path)) throw new Error('no network namespace');
    this.#nextPid += 2;
    const pid = this.#nextPid;
    const start_time = Math.floor(this.#uptime() / 10);
    this.processes.set(pid, start_time).set(pid + 1, start_time);
    const netns = netnsName(this.paths, netnsOwner);
    const ofOwner = (shared: ContainerSpec['ipc'], type: NamespaceType) => {
      if (typeof shared !== 'object') return `${type}-${pid}`;
      const owner = this.running.get(shared.id);
      if (!owner) throw new Error(`${shared.id} does not run`);
      return this.#spaces.get(owner.pid)?.[type] ?? '';
    };
    this.#spaces.set(pid, {
      net: this.#netnsIds.get(path) ?? '',
      pid: ofOwner(spec.pid_namespace, 'pid'),
      ipc: ofOwner(spec.ipc, 'ipc'),
    });
    const hosts = this.files.get(spec.hosts_file);
    if (!hosts) throw new Error(`no ${spec.hosts_file}`);
    this.files.set(hostsCopy(this.paths, spec.id), { ...hosts });
    const servers = resolvConf(spec);
    const resolv = { size: servers.length, text: servers, directory: false };
    this.files.set(resolvCopy(this.paths, spec.id), resolv);
    this.running.set(spec.id, { pid, monitor: pid + 1, netns });
    this.cgroups.set(cgroupPath(this.paths, spec.id), observedLimits(spec.limits));
    this.exits.delete(spec.id);
    const text = JSON.stringify({ pid, start_time, boot_id: this.bootId });
    const started = startedFile(this.paths, spec.id);
    this.files.set(started, { size: text.length, text, directory: false });
    return {
      pid,
      start_time,
      boot_id: this.bootId,
      monitor: { pid: pid + 1, start_time },
      started_at: this.#date(),
      runtime: 'memory',
    };
  }

  #stop(id: string): void {
    if (this.running.has(id)) this.end(id, 137);
    this.exits.delete(id);
  }

  #names(dir: string): string[] {
    return childrenOf(dir, [...this.files.keys(), ...this.mounts.keys()]);
  }

  #netnsOf(pid: number): string {
    return [...this.running.values()].find((each) => each.pid === pid)?.netns ?? '';
  }
}

/** The kernel has a list of all allowed devices. */
function observedLimits({ devices, ...limits }: ObservedLimits): ObservedLimits {
  return devices ? { ...limits, devices: withDefaultRules(devices) } : limits;
}

/** The first word below a folder of every path in it. */
function childrenOf(dir: string, all: Iterable<string>): string[] {
  const inside = [...all].filter((path) => path.startsWith(`${dir}/`));
  return [...new Set(inside.map((path) => path.slice(dir.length + 1).split('/')[0] ?? ''))];
}
