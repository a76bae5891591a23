import type { Probe } from '../../host/ports.js';
import { staysEnded } from '../../kinds/container/restart-decision.js';
import { kinds } from '../../kinds/index.js';
import { type Address, addressOf } from '../../model/address.js';
import { UserError } from '../../model/errors.js';
import type { InstallPaths } from '../../model/install-paths.js';
import type { Plan } from '../../model/plan.js';
import { type Resource, type Row, resourceFromRow } from '../../model/resource.js';
import type { ContainerSpec } from '../../model/specs.js';
import { selectTargets } from '../../plan/targets.js';
import type { ContainerRow } from '../lookup.js';
import type { Selection } from '../options.js';

/** What a plan is made from. */
export interface Reshaped {
  resources: Resource[];
  rows: readonly Row[];
  targets: Address[];
  replace: Address[];
}

/**
 * The desired resources and recorded rows of a stack as `up` sees them: what a person has stopped, and
 * what has ended and is not restarted by its policy, starts again.
 *
 * @param rows of all stacks
 */
export function reshape(
  stack: string,
  resources: Resource[],
  rows: readonly Row[],
  { services, alone = false, recreate }: Selection,
  probe: Probe,
  paths: InstallPaths,
): Reshaped {
  const own = rows.filter((row) => row.stack === stack);
  const targets = services.flatMap((name) => addressesOf(name, resources));
  const isSelected = selectTargets(targets, resources, own, kinds, { alone });
  const starts = new Set(
    own.filter(isContainer).flatMap((row) => {
      const address = addressOf('container', row.name);
      return isSelected(address) && isIdle(row, probe, paths) ? [address] : [];
    }),
  );
  const running = resources.map((each) =>
    starts.has(each.address) ? withSpec(each, { stopped: undefined }) : each,
  );
  const seen = rows.map((row) =>
    row.stack === stack && row.kind === 'container' && starts.has(addressOf('container', row.name))
      ? withSpec(row, { stopped: true })
      : row,
  );
  const named = (each: Resource) => targets.length === 0 || targets.includes(each.address);
  const replaced = running.filter((each) => isDeclared(each) && named(each));
  return {
    resources: recreate === 'never' ? withRecorded(running, own) : running,
    rows: seen,
    targets,
    replace: recreate === 'always' ? replaced.map(({ address }) => address) : [],
  };
}

/** The plan without waiting for what is not started with it. */
export function withoutAwaits(plan: Plan): Plan {
  const units = plan.units.map((unit) => ({
    ...unit,
    steps: unit.steps.filter(({ verb }) => verb !== 'container.await'),
  }));
  return { ...plan, units };
}

/** The containers of a service, and of a farm also its configuration. */
function addressesOf(service: string, resources: readonly Resource[]): Address[] {
  const path = (each: Resource) => each.entry?.slice(0, 2).join('.');
  const found = resources.filter((each) => {
    const of = path(each);
    return !each.spare && (of === `containers.${service}` || of === `farms.${service}`);
  });
  if (found.length > 0) return found.map(({ address }) => address);
  throw new UserError(`cannot start ${service}: it has no containers`, 'Its number is 0.');
}

/** An entry of the file, and no part of another one's plumbing. */
const isDeclared = ({ kind, entry, spare }: Resource) =>
  kind === 'container' && entry !== undefined && !spare;

const isContainer = (row: Row): row is ContainerRow => row.kind === 'container';

function isIdle(row: ContainerRow, probe: Probe, paths: InstallPaths): boolean {
  const { spec, facts } = row;
  if (spec.one_off || spec.run) return false;
  if (spec.stopped) return true;
  const seen = kinds.container.observe(spec, facts, probe, paths);
  return seen !== undefined && staysEnded(row, seen);
}

/** Containers that exist are desired as they were last applied, with what they need. */
function withRecorded(resources: readonly Resource[], own: readonly Row[]): Resource[] {
  const rowOf = new Map(own.map((row) => [addressOf(row.kind, row.name), row]));
  const all = new Map(resources.map((each) => [each.address, each]));
  for (const each of resources) {
    const row = rowOf.get(each.address);
    if (each.kind !== 'container' || row?.status !== 'ready') continue;
    const { stopped } = each.spec as ContainerSpec;
    const { spec, needs, protect } = resourceFromRow(row as ContainerRow);
    all.set(each.address, { ...each, spec: { ...spec, stopped }, needs, protect });
    for (const need of needs) {
      const kept = rowOf.get(need);
      if (kept && !all.has(need)) all.set(need, resourceFromRow(kept));
    }
  }
  return [...all.values()];
}

function withSpec<Each extends Resource | Row>(
  each: Each,
  { stopped }: { stopped: true | undefined },
): Each {
  const { stopped: _before, ...spec } = each.spec as ContainerSpec;
  return { ...each, spec: stopped ? { ...spec, stopped } : spec };
}
