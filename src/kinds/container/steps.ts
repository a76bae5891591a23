import type { Withdrawn } from '../../host/ports.js';
import type { InstallPaths } from '../../model/install-paths.js';
import {
  bundleDir,
  cgroupPath,
  diskFile,
  logFile,
  memoryFolder,
  netnsName,
  resolvCopy,
  rootfsDir,
} from '../../model/install-paths.js';
import { exact } from '../../model/json.js';
import { NAMESPACE_KEYS } from '../../model/namespaces.js';
import type { Difference } from '../../model/plan.js';
import { isNeverCreated, type Resource, type Row } from '../../model/resource.js';
import type { ContainerFacts, ContainerSpec, LinkSpec } from '../../model/specs.js';
import type { StepOf } from '../../model/step.js';
import type { Peers } from '../kind.js';
import { awaits } from './awaits.js';
import { resolvConf } from './keys/dns.js';
import { filesEffect, memoryMounts, placeFiles } from './memory-files.js';
import { ownsNetwork } from './namespaces.js';
import type { ContainerSeen } from './observe.js';
import { restartFacts } from './restart-decision.js';
import { join, leave, rejoin } from './rotation.js';
import type { ContainerVerbs } from './verbs.js';

type ContainerStep = StepOf<ContainerVerbs>;
type ContainerRow = Row<ContainerSpec, ContainerFacts>;

/** The network comes first, so that the executor can set it up for all containers of a plan in one batch. */
export function create(
  desired: Resource<ContainerSpec>,
  reason: string,
  paths: InstallPaths,
  peers?: Peers,
): ContainerStep[] {
  const { spec } = desired;
  const disk = diskFile(paths, spec.id);
  const copy = { verb: 'container.disk', args: { image: spec.image.file, disk }, reason } as const;
  if (spec.stopped) return [copy];
  return [
    ...makeFolders(spec, reason),
    ...wire(spec, reason, paths),
    copy,
    ...seed(desired, reason),
    { verb: 'container.mount', args: { disk, dir: rootfsDir(paths, spec.id) }, reason },
    ...placeFiles(spec, reason, paths),
    ...check(spec, reason, paths),
    ...awaits(desired, peers),
    { verb: 'container.start', args: { spec, life: { restarts: 0 } }, reason },
    ...listen(spec, reason),
    ...join(spec, reason),
  ];
}

export function remove(
  row: ContainerRow,
  reason: string,
  paths: InstallPaths,
  successor?: Resource<ContainerSpec>,
): ContainerStep[] {
  const { spec } = row;
  const kept = successor && keptDisks(successor, row);
  return [
    ...bringDown(row, reason, paths),
    ...(kept
      ? [{ verb: 'container.keep-disk', args: { id: spec.id, ...kept }, reason } as const]
      : []),
    {
      verb: 'container.erase',
      args: {
        disk: diskFile(paths, spec.id),
        log: logFile(paths, spec.id),
        bundle: bundleDir(paths, spec.id),
        files: memoryFolder(paths, spec.id),
      },
      reason,
    },
  ];
}

/** How many former disks stay as snapshots; undefined if none is kept. */
function keptDisks({ spec }: Resource<ContainerSpec>, row: ContainerRow) {
  return isNeverCreated(row) ? undefined : spec.snapshot_on_change;
}

export const replacement = (desired: Resource<ContainerSpec>, row: ContainerRow): string[] =>
  keptDisks(desired, row) ? ['its disk is kept as a snapshot'] : [];

/** Removes everything except the disk: processes, network, mounts. */
function bringDown(
  { spec, facts }: ContainerRow,
  reason: string,
  paths: InstallPaths,
): ContainerStep[] {
  return [
    ...leave(spec, reason),
    stop(spec, facts, reason),
    ...disconnect(spec, reason, paths),
    { verb: 'container.unmount', args: { dir: rootfsDir(paths, spec.id) }, reason },
  ];
}

function disconnect(spec: ContainerSpec, reason: string, paths: InstallPaths): ContainerStep[] {
  if (!ownsNetwork(spec)) return [];
  const links = spec.links.map(({ link }) => link);
  const args = { netns: netnsName(paths, spec.id), links };
  return [{ verb: 'container.disconnect', args, reason }];
}

/**
 * The steps for these differences alone. A running process cannot get another namespace, monitor or
 * folder, so those require a restart; links, limits, names and the disk's mount do not.
 */
export function update(
  desired: Resource<ContainerSpec>,
  row: ContainerRow,
  seen: ContainerSeen,
  differences: Difference[],
  paths: InstallPaths,
  peers?: Peers,
): ContainerStep[] {
  const { spec } = desired;
  const about = (prefix: string) =>
    differences.find(({ attribute }) => `${attribute}.`.startsWith(`${prefix}.`))?.reason;
  const state = about('state');
  const files = about('secrets') ?? about('configs');
  if (spec.stopped) {
    if (state) return bringDown(row, state, paths);
    return files ? placeFiles(spec, files, paths, { seen }) : [];
  }
  if (row.spec.stopped) return create(desired, state ?? 'unfinished', paths, peers);
  const halt = spec.healthcheck?.on_failure === 'stop' ? about('health') : undefined;
  if (halt) return [stop(row.spec, row.facts, halt, halt)];
  const effect = filesEffect(spec, row.spec, seen);
  const filesReason = files ?? 'unfinished';
  const restart =
    about('restart') ??
    about('health') ??
    about('network') ??
    NAMESPACE_KEYS.map(about).find((each) => each !== undefined) ??
    about('monitor') ??
    about('volumes') ??
    about('disk') ??
    (seen.running ? about('sockets') : undefined) ??
    (effect === 'restart' ? filesReason : undefined) ??
    groupLost(differences) ??
    (seen.devicesLive ? undefined : about('limits.devices'));
  const start = about('process') ?? restart;
  const stops = restart !== undefined && seen.running;
  const left = stops || row.status === 'pending';
  return [
    ...(start ? makeFolders(spec, start) : []),
    ...checkDisk(spec, about('disk'), paths),
    ...(start ? awaits(desired, peers) : []),
    ...(stops && seen.mounted ? verifyOwn(spec, restart) : []),
    ...(stops ? [...leave(row.spec, restart), stop(row.spec, row.facts, restart)] : []),
    ...rewire(
      spec,
      row.spec.links,
      seen.stray,
      about('network') ?? about('bridges') ?? about('egress'),
      paths,
    ),
    ...unmount(spec, seen.mounted ? about('disk') : undefined, paths),
    ...remount(spec, about('mount') ?? about('disk'), paths),
    ...(start || effect
      ? placeFiles(spec, start ?? filesReason, paths, {
          seen,
          signal: start ? undefined : spec.on_change,
        })
      : []),
    ...(start
      ? startAgain(spec, about('restart') ? { restarts: 0 } : restartFacts(row, seen), start)
      : [
          ...liveUpdates(spec, about('limits'), paths),
          ...(seen.running ? resolve(spec, row.spec, about('dns'), paths) : []),
        ]),
    ...(start || seen.running ? rejoin(spec, start ?? about('rotation'), left) : []),
    ...(start || !seen.running ? [] : healing(spec, about('heal'))),
  ];
}

/** Verifies that the image can start the successor, before a running container is stopped for it. */
export function verify(
  { spec }: Resource<ContainerSpec>,
  row: ContainerRow,
  reason: string,
): ContainerStep[] {
  if (spec.stopped || row.spec.stopped) return [];
  const image = spec.image.file;
  return [
    ...makeFolders(spec, reason),
    { verb: 'container.verify', args: { spec, image }, reason },
  ];
}

/** Before a running container is stopped for it. */
function makeFolders({ mounts }: ContainerSpec, reason: string): ContainerStep[] {
  const paths = mounts.filter(({ create }) => create).map(({ source }) => source);
  return paths.length === 0 ? [] : [{ verb: 'container.folders', args: { paths }, reason }];
}

/** Volumes that belong to others are filled by the first container that mounts them. */
function seed({ seeds = [] }: Resource<ContainerSpec>, reason: string): ContainerStep[] {
  if (seeds.length === 0) return [];
  return [{ verb: 'container.seed', args: { volumes: seeds }, reason }];
}

/** Whether it has written to its disk since its last start. */
const verifyOwn = (spec: ContainerSpec, reason: string): ContainerStep[] => [
  { verb: 'container.verify', args: { spec }, reason },
];

function groupLost(differences: Difference[]): string | undefined {
  return differences.find(({ attribute }) => attribute === 'limits')?.reason;
}

function rewire(
  spec: ContainerSpec,
  before: LinkSpec[],
  stray: string[],
  reason: string | undefined,
  paths: InstallPaths,
): ContainerStep[] {
  if (!reason) return [];
  const old = [...before.map(({ link }) => link), ...stray];
  const links = old.filter((link) => !spec.links.some((each) => each.link === link));
  return [
    ...(links.length > 0 ? [{ verb: 'container.unwire', args: { links }, reason } as const] : []),
    ...wire(spec, reason, paths, withdrawn(spec, before)),
  ];
}

/**
 * Another IPv4 default route or address replaces the old one, and a removed link takes its own along;
 * of IPv6, a link can have several.
 */
function withdrawn({ links }: ContainerSpec, before: LinkSpec[]): Withdrawn[] {
  const kept = before.flatMap((old) => {
    const now = links.find((each) => each.link === old.link);
    return now ? [{ old, now }] : [];
  });
  const isRouted = links.some(({ gateway }) => gateway !== undefined);
  return kept.flatMap(({ old, now }): Withdrawn[] => {
    const parts = {
      gateway: isRouted ? undefined : old.gateway,
      gateway6: old.gateway6 === now.gateway6 ? undefined : old.gateway6,
      address6: old.address6 === now.address6 ? undefined : old.address6,
    };
    if (Object.values(parts).every((each) => each === undefined)) return [];
    return [exact<Withdrawn>({ device: old.device, ...parts })];
  });
}

/** Its resolv.conf follows its links; a restart writes it anyway. */
function resolve(
  spec: ContainerSpec,
  before: ContainerSpec,
  drift: string | undefined,
  paths: InstallPaths,
): ContainerStep[] {
  const text = resolvConf(spec);
  const reason = drift ?? (resolvConf(before) === text ? undefined : 'name servers changed');
  if (!reason) return [];
  const args = { file: resolvCopy(paths, spec.id), text };
  return [{ verb: 'container.resolve', args, reason }];
}

function checkDisk(
  spec: ContainerSpec,
  reason: string | undefined,
  paths: InstallPaths,
): ContainerStep[] {
  if (!reason) return [];
  return [{ verb: 'container.check-disk', args: { disk: diskFile(paths, spec.id) }, reason }];
}

function unmount(
  spec: ContainerSpec,
  reason: string | undefined,
  paths: InstallPaths,
): ContainerStep[] {
  if (!reason) return [];
  return [{ verb: 'container.unmount', args: { dir: rootfsDir(paths, spec.id) }, reason }];
}

function remount(
  spec: ContainerSpec,
  reason: string | undefined,
  paths: InstallPaths,
): ContainerStep[] {
  if (!reason) return [];
  const args = { disk: diskFile(paths, spec.id), dir: rootfsDir(paths, spec.id) };
  return [{ verb: 'container.mount', args, reason }];
}

function liveUpdates(
  spec: ContainerSpec,
  reason: string | undefined,
  paths: InstallPaths,
): ContainerStep[] {
  if (!reason) return [];
  const { id, limits } = spec;
  const args = { cgroup: cgroupPath(paths, id), limits, disk: rootfsDir(paths, id) };
  return [{ verb: 'container.limits', args, reason }];
}

function wire(
  spec: ContainerSpec,
  reason: string,
  paths: InstallPaths,
  gone: Withdrawn[] = [],
): ContainerStep[] {
  const { id, links, userns, egress } = spec;
  if (!ownsNetwork(spec)) return [];
  const args = {
    netns: netnsName(paths, id),
    links,
    ...(userns && { userns }),
    ...(gone.length > 0 && { withdrawn: gone }),
    ...(egress && { egress }),
  };
  return [{ verb: 'container.wire', args, reason }];
}

function stop(
  spec: ContainerSpec,
  facts: ContainerFacts,
  reason: string,
  halt?: string,
): ContainerStep {
  const { id, stop_signal: signal, stop_grace_period: grace, pre_stop } = spec;
  return {
    verb: 'container.stop',
    args: { id, facts, signal, grace, ...(pre_stop && { pre_stop }), ...(halt && { halt }) },
    reason,
  };
}

function startAgain(
  spec: ContainerSpec,
  life: ReturnType<typeof restartFacts>,
  reason: string,
): ContainerStep[] {
  return [{ verb: 'container.start', args: { spec, life }, reason }, ...listen(spec, reason)];
}

function healing(spec: ContainerSpec, reason: string | undefined): ContainerStep[] {
  if (!reason) return [];
  const args = { id: spec.id, immediate: spec.heal === 'immediate' };
  return [{ verb: 'container.heal', args, reason }];
}

/** Checks a proxy's configuration before its first start. A running proxy checks its own. */
export function check(spec: ContainerSpec, reason: string, paths: InstallPaths): ContainerStep[] {
  const { id, proxy, environment, user, mounts } = spec;
  if (!proxy?.check) return [];
  const how = { environment, user, mounts: [...mounts, ...memoryMounts(spec, paths)] };
  const args = { id, tree: rootfsDir(paths, id), command: proxy.check, how };
  return [{ verb: 'container.check', args, reason }];
}

/** Waits until a started proxy accepts commands, and therefore connections. */
export function listen({ id, proxy, master }: ContainerSpec, reason: string): ContainerStep[] {
  if (master) return [{ verb: 'container.listen', args: { master: id }, reason }];
  if (!proxy) return [];
  return [{ verb: 'container.listen', args: { proxy: { id, socket: proxy.socket } }, reason }];
}
