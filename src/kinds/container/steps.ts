import type { Difference } from '../../model/plan.js';
import type { Resource, Row } from '../../model/resource.js';
import type { Site } from '../../model/site.js';
import {
  bundleDir,
  cgroupPath,
  diskFile,
  logFile,
  netnsName,
  rootfsDir,
} from '../../model/site.js';
import type { ContainerFacts, ContainerSpec, LinkSpec } from '../../model/specs.js';
import type { StepOf } from '../../model/step.js';
import type { ContainerSeen } from './observe.js';
import type { ContainerVerbs } from './verbs.js';

type ContainerStep = StepOf<ContainerVerbs>;
type ContainerRow = Row<ContainerSpec, ContainerFacts>;

/** Wiring comes first, so that the executor can do it for all containers of a plan in one batch. */
export function create(
  { spec }: Resource<ContainerSpec>,
  reason: string,
  site: Site,
): ContainerStep[] {
  const disk = diskFile(site, spec.id);
  return [
    wire(spec, spec.links, reason, site),
    { verb: 'container.disk', args: { image: spec.image.file, disk }, reason },
    { verb: 'container.mount', args: { disk, dir: rootfsDir(site, spec.id) }, reason },
    { verb: 'container.start', args: { spec, restarts: 0 }, reason },
  ];
}

export function remove({ spec, facts }: ContainerRow, reason: string, site: Site): ContainerStep[] {
  const links = spec.links.map(({ link }) => link);
  return [
    stop(spec, facts, reason),
    {
      verb: 'container.disconnect',
      args: { netns: netnsName(site, spec.id), links },
      reason,
    },
    { verb: 'container.unmount', args: { dir: rootfsDir(site, spec.id) }, reason },
    {
      verb: 'container.erase',
      args: {
        disk: diskFile(site, spec.id),
        log: logFile(site, spec.id),
        bundle: bundleDir(site, spec.id),
      },
      reason,
    },
  ];
}

/**
 * Only what the differences call for. A namespace, a monitor or a folder cannot be given to a
 * running process, so those take a restart; links, limits, names and the disk's mount do not.
 */
export function update(
  { spec }: Resource<ContainerSpec>,
  row: ContainerRow,
  seen: ContainerSeen,
  differences: Difference[],
  site: Site,
): ContainerStep[] {
  const about = (prefix: string) =>
    differences.find(({ attribute }) => `${attribute}.`.startsWith(`${prefix}.`))?.reason;
  const restart =
    about('network') ??
    about('monitor') ??
    about('volumes') ??
    groupLost(differences) ??
    (seen.devicesLive ? undefined : about('limits.devices'));
  const start = about('process') ?? restart;
  return [
    ...(restart && seen.running ? [stop(row.spec, row.facts, restart)] : []),
    ...rewire(
      spec,
      [...row.spec.links.map(({ link }) => link), ...seen.stray],
      about('network') ?? about('bridges'),
      site,
    ),
    ...remount(spec, about('mount'), site),
    ...(start ? [startAgain(spec, row, start)] : liveUpdates(spec, about('limits'), site)),
  ];
}

function groupLost(differences: Difference[]): string | undefined {
  return differences.find(({ attribute }) => attribute === 'limits')?.reason;
}

function rewire(
  spec: ContainerSpec,
  before: string[],
  reason: string | undefined,
  site: Site,
): ContainerStep[] {
  if (!reason) return [];
  const links = before.filter((link) => !spec.links.some((each) => each.link === link));
  return [
    ...(links.length > 0 ? [{ verb: 'container.unwire', args: { links }, reason } as const] : []),
    wire(spec, spec.links, reason, site),
  ];
}

function remount(spec: ContainerSpec, reason: string | undefined, site: Site): ContainerStep[] {
  if (!reason) return [];
  const args = { disk: diskFile(site, spec.id), dir: rootfsDir(site, spec.id) };
  return [{ verb: 'container.mount', args, reason }];
}

function liveUpdates(spec: ContainerSpec, reason: string | undefined, site: Site): ContainerStep[] {
  if (!reason) return [];
  const { id, limits } = spec;
  const args = { cgroup: cgroupPath(site, id), limits, disk: rootfsDir(site, id) };
  return [{ verb: 'container.limits', args, reason }];
}

function wire(spec: ContainerSpec, links: LinkSpec[], reason: string, site: Site): ContainerStep {
  return { verb: 'container.wire', args: { netns: netnsName(site, spec.id), links }, reason };
}

function stop(spec: ContainerSpec, facts: ContainerFacts, reason: string): ContainerStep {
  const { id, stop_signal: signal, stop_grace_period: grace } = spec;
  return { verb: 'container.stop', args: { id, facts, signal, grace }, reason };
}

function startAgain(spec: ContainerSpec, row: ContainerRow, reason: string): ContainerStep {
  const restarts = (row.facts.restarts ?? 0) + 1;
  return { verb: 'container.start', args: { spec, restarts }, reason };
}
