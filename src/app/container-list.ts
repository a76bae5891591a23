import { readCheckpoint } from '../host/linux/checkpoints/read.js';
import type { Probe } from '../host/ports.js';
import { nextTry } from '../kinds/container/restart-decision.js';
import { kinds } from '../kinds/index.js';
import { byName } from '../model/address.js';
import type { InstallPaths } from '../model/install-paths.js';
import type { ListedContainer } from '../model/listed-container.js';
import type { Row } from '../model/resource.js';
import type { ContainerFacts, ContainerSpec } from '../model/specs.js';
import type { Context } from './context.js';
import { findContainers, membersOf, scopedStack, selectContainers } from './lookup.js';

/** The containers that `ps` lists, and their stack; undefined for all stacks. */
export async function listContainers(
  context: Context,
  names: readonly string[],
  { allStacks, stack: named }: { allStacks?: true; stack?: string },
): Promise<{ stack: string | undefined; containers: ListedContainer[] }> {
  const stack = allStacks ? undefined : await scopedStack(context, named, 'file', names);
  const { rows } = context.state();
  const stacks = stack === undefined ? [...new Set(rows.map((row) => row.stack))] : [stack];
  const isOf = (each: string) => names.some((name) => membersOf(rows, each, name).length > 0);
  const listed = stacks.flatMap((each) => {
    if (names.length === 0) return findContainers(rows, each, [], 'list');
    return stack !== undefined || isOf(each) ? selectContainers(rows, each, names, 'list') : [];
  });
  const containers = describeContainers(listed, await context.probe(), context.paths);
  return { stack, containers };
}

/** Rows of containers as they are on the host now, by stack and name. */
export function describeContainers(
  rows: readonly Row[],
  probe: Probe,
  paths: InstallPaths,
): ListedContainer[] {
  return [...rows]
    .sort((a, b) => byName(a.stack, b.stack) || byName(a.name, b.name))
    .map((row) => describe(row as Row<ContainerSpec, ContainerFacts>, probe, paths));
}

function describe(
  row: Row<ContainerSpec, ContainerFacts>,
  probe: Probe,
  paths: InstallPaths,
): ListedContainer {
  const { name, stack, spec } = row;
  const withoutLength = (text: string | undefined) => text?.split('/')[0] ?? null;
  const addresses = spec.links.map(({ bridge, address, address6 }) => [
    bridge,
    withoutLength(address ?? address6),
  ]);
  const both = spec.links.filter(({ address, address6 }) => address && address6);
  const second = both.map(({ bridge, address6 }) => [bridge, withoutLength(address6)]);
  return {
    name,
    stack,
    image: spec.image.name,
    ...life(row, probe, paths),
    addresses: Object.fromEntries(addresses),
    ...(second.length > 0 && { addresses6: Object.fromEntries(second) }),
    ...(spec.publish && { publish: spec.publish }),
    ...(spec.held && { held: spec.held.differs }),
    limits: spec.limits,
    ...checkpointOf(spec.id, paths),
    ...(Object.keys(spec.labels ?? {}).length > 0 && { labels: spec.labels }),
  };
}

function checkpointOf(id: string, paths: InstallPaths): Pick<ListedContainer, 'checkpoint'> {
  const found = readCheckpoint(paths, id);
  return found ? { checkpoint: { created_at: found.created_at, size: found.size } } : {};
}

type Life = Pick<
  ListedContainer,
  | 'status'
  | 'frozen_by'
  | 'halted'
  | 'exit_code'
  | 'out_of_memory'
  | 'pid'
  | 'started_at'
  | 'uptime'
  | 'health'
  | 'restarts'
  | 'next_try'
  | 'last_exit'
>;

function life(row: Row<ContainerSpec, ContainerFacts>, probe: Probe, paths: InstallPaths): Life {
  const { spec, facts } = row;
  const seen = kinds.container.observe(spec, facts, probe, paths);
  if (!seen) return { status: 'missing' };
  if (!seen.running) {
    const { exit } = seen;
    if (spec.stopped) return { status: 'stopped' };
    return {
      ...(exit
        ? { status: 'exited', exit_code: exit.code, out_of_memory: exit.outOfMemory }
        : { status: 'gone' }),
      ...(facts.halted !== undefined && { halted: facts.halted }),
      ...past(row, seen),
    };
  }
  const { pid, started_at } = facts;
  return {
    status: seen.paused ? 'paused' : 'running',
    ...(seen.hold && { frozen_by: seen.hold }),
    ...health(spec, facts, seen),
    ...past(row, seen),
    ...(pid !== undefined && { pid }),
    ...(started_at !== undefined && {
      started_at,
      uptime: Math.round(seen.age),
    }),
  };
}

type Seen = NonNullable<ReturnType<typeof kinds.container.observe>>;

function past(
  row: Row<ContainerSpec, ContainerFacts>,
  seen: Seen,
): Pick<Life, 'restarts' | 'next_try' | 'last_exit'> {
  const { restarts = 0, last_exit } = row.facts;
  const next = seen.running || row.facts.halted ? undefined : nextTry(row, seen);
  return {
    ...(restarts > 0 && { restarts }),
    ...(next !== undefined && { next_try: new Date(next).toISOString() }),
    ...(last_exit && {
      last_exit: { code: last_exit.code, out_of_memory: last_exit.outOfMemory },
    }),
  };
}

function health(
  { healthcheck }: ContainerSpec,
  { health: record }: ContainerFacts,
  { askedAt }: Seen,
): Pick<Life, 'health'> {
  if (!healthcheck) return {};
  const { retries } = healthcheck;
  if (!record) {
    const status = askedAt === undefined ? 'starting' : 'healthy';
    return { health: { status, failures: 0, retries } };
  }
  const { failures, reason } = record;
  const status = failures === 0 ? 'starting' : failures < retries ? 'failing' : 'unhealthy';
  return { health: { status, failures, retries, reason } };
}
