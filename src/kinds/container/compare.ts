import { formatValue } from '../../model/attribute-text.js';
import type { Limits } from '../../model/config.js';
import { drift, fromFile } from '../../model/difference.js';
import { TAP_MISSING } from '../../model/egress.js';
import { equal } from '../../model/json.js';
import { sameLimit } from '../../model/limits.js';
import type { Difference } from '../../model/plan.js';
import type { Resource, Row } from '../../model/resource.js';
import type { ContainerFacts, ContainerSpec, LinkSpec } from '../../model/specs.js';
import { compareSockets, compareState } from './compare-state.js';
import { KEYS } from './keys/index.js';
import type { AnyKey, CustomName } from './keys/types.js';
import { compareSection, explainFiles, fileDrift } from './memory-files.js';
import { ownsNetwork, sharedDrift } from './namespaces.js';
import type { ContainerSeen } from './observe.js';
import { decideRestart, type RestartDecision } from './restart-decision.js';

type ContainerRow = Row<ContainerSpec, ContainerFacts>;

const LIMITS = Object.keys({
  memory: true,
  memory_reservation: true,
  memory_swap: true,
  memory_swappiness: true,
  cpus: true,
  cpu_shares: true,
  cpuset: true,
  pids: true,
  io: true,
  devices: true,
  net_class: true,
} satisfies Record<keyof Limits, true>) as (keyof Limits)[];

/** First what has changed in the file, then drift of the host. */
export function compare(
  desired: Resource<ContainerSpec>,
  row: ContainerRow,
  seen: ContainerSeen,
): Difference[] {
  if (isTransient(desired.spec) && isTransient(row.spec)) return [];
  const differences = compareSpecs(desired.spec, row.spec).map((each) =>
    each.attribute === 'limits.devices' && seen.running && !seen.devicesLive
      ? { ...each, reason: `${each.reason}, takes a restart` }
      : each,
  );
  const edited = [
    ...explainFiles(differences, desired, row, seen),
    ...compareSockets(desired.spec, row, seen),
  ];
  const state = compareState(desired.spec, row.spec, seen);
  if (state) return [...edited, ...state];
  const decision = decideRestart(desired.spec, row, seen, edited.length > 0);
  return [...edited, ...compareHost(desired.spec, row, seen, decision)];
}

/** No plan starts, stops or changes it: it is there for one command, or a run of a job. */
const isTransient = ({ one_off, run }: ContainerSpec) => (one_off ?? run) !== undefined;

function compareSpecs(after: ContainerSpec, before: ContainerSpec): Difference[] {
  if (equal(before, after)) return [];
  const ofKeys = RECORDED.flatMap(([name, key]) => compareKey(name, key, after, before));
  return [
    ...compareId(after, before),
    ...ofKeys.filter(({ effect }) => effect === 'replace'),
    ...ofKeys.filter(({ effect }) => effect !== 'replace'),
    ...(equal(before.rotation, after.rotation)
      ? []
      : [changed('rotation', before.rotation, after.rotation, 'update')]),
    ...compareEgress(after, before),
    ...compareHeld(after, before),
  ];
}

const RECORDED = Object.entries<AnyKey>(KEYS).filter(([, { kind }]) => kind !== 'unrecorded');

function compareKey(
  name: string,
  { as = name, change = 'replace', members, compared, shown }: AnyKey,
  after: ContainerSpec,
  before: ContainerSpec,
): Difference[] {
  const [was, is] = [before, after].map((spec) => spec[as as keyof ContainerSpec]);
  if (change === 'none' || equal(was, is)) return [];
  if (change === 'custom') return CUSTOM[name as CustomName](after, before);
  const effect = change === 'replace' ? 'replace' : 'update';
  if (members) {
    return LIMITS.filter((each) => !equal(before.limits[each], after.limits[each])).map((each) =>
      changed(`${name}.${each}`, before.limits[each], after.limits[each], effect),
    );
  }
  const [from, to] = [was, is].map(partOf(compared));
  if (equal(from, to)) return [];
  return [changed(name, partOf(shown)(from), partOf(shown)(to), effect)];
}

/** The part of a value that a key compares or shows: all of it by default. */
function partOf(part: AnyKey['compared']): (value: unknown) => unknown {
  return part ? (value) => (part as (value: unknown) => unknown)(value) : (value) => value;
}

/** A profile with changed content is shown by its path rather than its digest. */
function compareSeccomp(
  { seccomp: after }: ContainerSpec,
  { seccomp: before }: ContainerSpec,
): Difference[] {
  if (equal(before, after)) return [];
  const difference = changed('seccomp', before, after, 'replace');
  const [was, is] = [before, after].map((each) =>
    typeof each === 'object' ? each.file : undefined,
  );
  return [is !== undefined && was === is ? { ...difference, files: [is] } : difference];
}

/** A running container cannot get another id: its disk and everything else is named by it. */
function compareId({ id: after }: ContainerSpec, { id: before }: ContainerSpec): Difference[] {
  if (after === before) return [];
  return [{ ...changed('id', before, after, 'replace'), reason: `renamed from ${before}` }];
}

function compareImage(
  { image: after }: ContainerSpec,
  { image: before }: ContainerSpec,
): Difference[] {
  if (after.name !== before.name) return [changed('image', before.name, after.name, 'replace')];
  if (after.version === before.version) return [];
  const versions = [before.version.slice(0, 12), after.version.slice(0, 12)] as const;
  const difference = changed('image.version', ...versions, 'replace');
  return [{ ...difference, reason: `image ${after.name} has changed` }];
}

function compareLinks(after: ContainerSpec, before: ContainerSpec): Difference[] {
  const bridges = new Set([...before.links, ...after.links].map(({ bridge }) => bridge));
  return [...bridges].flatMap((bridge) => {
    const [old, now] = [before, after].map(({ links }) =>
      links.find((each) => each.bridge === bridge),
    );
    const renamed = before.id !== after.id && shortLink(old) === shortLink(now);
    return renamed || equal(old, now)
      ? []
      : [changed(`bridges.${bridge}`, shortLink(old), shortLink(now), 'update')];
  });
}

function shortLink(link: LinkSpec | undefined): string | undefined {
  if (!link) return undefined;
  const { device, address, mac, gateway, address6, gateway6, resolver } = link;
  const { mtu, port_security, isolated, neighbors = {} } = link;
  const fixed = Object.keys(neighbors).length;
  const extras = [mac && `mac ${mac}`, gateway && `via ${gateway}`];
  const ipv6 = [address6, gateway6 && `via ${gateway6}`];
  const dns = [resolver && `dns ${resolver}`];
  const port = [
    mtu && `mtu ${mtu}`,
    port_security === false && 'any mac',
    isolated && 'isolated',
    fixed > 0 && `${fixed} fixed neighbors`,
  ];
  const parts = [[device, address, ...extras], ipv6, dns, port].map((each) =>
    each.filter(Boolean).join(' '),
  );
  return parts.filter(Boolean).join(', ');
}

const CUSTOM: Record<CustomName, (after: ContainerSpec, before: ContainerSpec) => Difference[]> = {
  image: compareImage,
  bridges: compareLinks,
  seccomp: compareSeccomp,
  secrets: (after, before) => compareSection('secrets', after, before),
  configs: (after, before) => compareSection('configs', after, before),
};

/** Its network namespace changes while its program runs. */
function compareEgress({ egress: after }: ContainerSpec, { egress: before }: ContainerSpec) {
  if (equal(before ?? null, after ?? null)) return [];
  return [changed('egress', before, after, 'update')];
}

/** Recorded only: the release itself is compared key by key. */
function compareHeld({ held: after }: ContainerSpec, { held: before }: ContainerSpec) {
  if (equal(before ?? null, after ?? null)) return [];
  const reason = after ? 'rolled back' : 'no longer held back';
  return [{ attribute: 'held', cause: 'file', effect: 'update', reason } satisfies Difference];
}

function compareHost(
  desired: ContainerSpec,
  row: ContainerRow,
  seen: ContainerSeen,
  decision: RestartDecision,
): Difference[] {
  if (seen.paused || (!seen.running && decision.act !== 'start')) return [];
  const recorded = row.spec.links.filter((link) => desired.links.some((each) => equal(each, link)));
  return [
    ...compareProcess(row, seen, decision),
    ...(seen.disk ? [] : [drift('disk', 'disk file is gone', 'replace')]),
    ...(seen.diskFault === undefined ? [] : [drift('disk', seen.diskFault)]),
    ...(seen.mounted ? [] : [drift('mount', 'disk is not mounted')]),
    ...(seen.netns || !ownsNetwork(desired) ? [] : [drift('network', 'network namespace is gone')]),
    ...sharedDrift(row.spec, seen.shared),
    ...seen.deadMounts.map((path) => drift('volumes', `what is mounted at ${path} was deleted`)),
    ...fileDrift(desired, row.spec, seen),
    ...recorded.flatMap((link) => linkDrift(link, seen)),
    ...egressDrift(desired, row.spec, seen),
    ...(seen.resolves === false ? [drift('dns', 'resolv.conf has other name servers')] : []),
    ...seen.stray.map((link) => drift('bridges', `veth ${link} is left over`)),
    ...limitDrift(desired, row, seen),
  ];
}

function compareProcess(
  { facts }: ContainerRow,
  seen: ContainerSeen,
  decision: RestartDecision,
): Difference[] {
  if (decision.act === 'start') return [drift('process', decision.reason)];
  const monitored = seen.monitored || !seen.running;
  return [
    ...(monitored ? [] : [drift('monitor', `its monitor, process ${facts.monitor?.pid}, is gone`)]),
    ...(decision.act === 'leave' ? [] : [drift('health', decision.reason)]),
  ];
}

function linkDrift(link: LinkSpec, seen: ContainerSeen): Difference[] {
  const attribute = `bridges.${link.bridge}`;
  const state = seen.links.get(link.link);
  if (!state?.host) return [drift(attribute, `veth missing from bridge ${link.bridge}`)];
  if (state.host.master !== link.bridge_link) {
    return [drift(attribute, `veth has left bridge ${link.bridge}`)];
  }
  if (!state.host.up) return [drift(attribute, `veth on bridge ${link.bridge} is down`)];
  if (state.fault) return [drift(attribute, `port of bridge ${link.bridge} ${state.fault}`)];
  if (state.forgets) {
    return [drift(attribute, `${state.forgets} is not fixed in it any more`)];
  }
  const { guest } = state;
  const lost = guest && [link.address, link.address6].find((each) => each && !guest.includes(each));
  if (lost) return [drift(attribute, `address ${lost} is missing from ${link.device}`)];
  if (state.routed === false || state.routed6 === false) {
    const gateway = state.routed === false ? link.gateway : link.gateway6;
    return [drift(attribute, `default route via ${gateway} is missing`)];
  }
  return [];
}

/** A program whose tap device is gone does not get another one. */
function egressDrift(
  { egress: after }: ContainerSpec,
  { egress: before }: ContainerSpec,
  { egress: faults = [], links }: ContainerSeen,
): Difference[] {
  const linked = [...links.values()].every(({ host }) => host);
  if (!linked || !equal(before ?? null, after ?? null)) return [];
  const lost = faults.find((each) => each === TAP_MISSING);
  return faults.map((each) => drift(lost ? 'network' : 'egress', each));
}

/** Drift of the limits that the file did not change. */
function limitDrift(desired: ContainerSpec, row: ContainerRow, seen: ContainerSeen): Difference[] {
  if (!seen.running) return [];
  if (!seen.limits) return [drift('limits', 'cgroup is gone')];
  const { limits } = seen;
  return LIMITS.flatMap((name) => {
    const wanted = desired.limits[name];
    if (!equal(wanted, row.spec.limits[name]) || wanted === undefined) return [];
    if (name === 'devices' && !seen.devicesLive) return [];
    // cgroup v2 has none, which plans say when it changes
    if (name === 'memory_swappiness' && limits[name] === undefined) return [];
    if (sameLimit(name, wanted, limits[name])) return [];
    return [
      {
        ...drift(`limits.${name}`, `limits.${name} was changed on the host`),
        before: limits[name],
        after: wanted,
      },
    ];
  });
}

const changed = (
  attribute: string,
  before: unknown,
  after: unknown,
  effect: Difference['effect'],
) => fromFile(attribute, before, after, effect, change(attribute, before, after));

function change(attribute: string, before: unknown, after: unknown): string {
  if (before === undefined) return 'added';
  if (after === undefined) return 'removed';
  if (typeof before === 'object' || typeof after === 'object') return 'changed';
  return `${formatValue(attribute, before)} → ${formatValue(attribute, after)}`;
}
