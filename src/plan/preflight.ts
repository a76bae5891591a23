import type { Preconditions } from '../host/ports.js';
import type { Kinds, PlannedSpec, Preflight } from '../kinds/kind.js';
import { type Address, addressOf, type KindName } from '../model/address.js';
import { UserError } from '../model/errors.js';
import type { InstallPaths } from '../model/install-paths.js';
import { equal } from '../model/json.js';
import type { Plan, Unit, Warning } from '../model/plan.js';
import type { Resource, Row } from '../model/resource.js';

/** The checks of the kinds that have any. */
export type Preflights = ReadonlyMap<KindName, Preflight>;

interface Input {
  resources: readonly Resource[];
  rows: readonly Row[];
  paths: InstallPaths;
  preflights: Preflights;
  /** The prefix of an error message: the position in the file, or `cannot create container web`. */
  where: (resource: Resource, at: readonly (string | number)[]) => string;
}

/** Loads the checks of all kinds. */
export async function loadPreflights(kinds: Kinds): Promise<Preflights> {
  const loaded = Object.values(kinds).map(
    async ({ name, preflight }) => [name, await preflight?.()] as const,
  );
  const all = await Promise.all(loaded);
  return new Map(all.flatMap(([name, each]) => (each ? [[name, each]] : [])));
}

/**
 * Finds everything that would fail only after something running has been stopped. Obstacles to what
 * the file declares reject the whole plan, each with its position. Obstacles to resources that are
 * only restored as recorded block these units: they fail without being touched, and everything else
 * is done.
 *
 * @throws UserError
 */
export function preflight(plan: Plan, host: Preconditions, input: Input): Plan {
  const { resources, rows, paths, preflights } = input;
  const resourceOf = new Map(resources.map((each) => [each.address, each]));
  const rowOf = new Map(rows.map((each) => [addressOf(each.kind, each.name), each]));
  const planned = plannedByKind(plan);
  const problems: string[] = [];
  const blocked = new Map<Address, string>();
  for (const unit of plan.units) {
    const checks = unit.mode === 'put' ? preflights.get(unit.kind) : undefined;
    if (!checks) continue;
    const row = rowOf.get(unit.address);
    const context = { recorded: row?.spec, planned: planned.get(unit.kind) ?? [], host, paths };
    const obstacles = checks
      .obstacles(unit.spec, { verbs: verbsOf(unit), ...context })
      .filter(({ cause }) => cause !== undefined);
    const resource = resourceOf.get(unit.address);
    if (obstacles.length === 0) continue;
    if (!resource || isRecorded(unit, row, checks)) {
      blocked.set(unit.address, obstacles.map(({ cause }) => cause).join('; '));
    } else {
      problems.push(...obstacles.map(({ at, cause }) => `${input.where(resource, at)}: ${cause}`));
    }
  }
  if (problems.length > 0) throw new UserError([...new Set(problems)]);
  const warned = withWarnings(plan, planned, host, preflights);
  return blocked.size === 0 ? warned : withBlocked(warned, blocked, preflights);
}

type PlannedByKind = ReadonlyMap<KindName, PlannedSpec<unknown>[]>;

function plannedByKind({ units }: Plan): PlannedByKind {
  const planned = new Map<KindName, Unit[]>();
  for (const unit of units) {
    const others = planned.get(unit.kind);
    if (others) others.push(unit);
    else planned.set(unit.kind, [unit]);
  }
  return planned;
}

const verbsOf = ({ steps }: Unit) => new Set(steps.map(({ verb }) => verb));

/** Whether the unit only restores what is recorded. */
function isRecorded(
  { spec }: Unit,
  row: Row | undefined,
  { declared = (spec) => spec }: Preflight,
): boolean {
  return row !== undefined && equal(declared(row.spec), declared(spec));
}

function withWarnings(
  plan: Plan,
  planned: PlannedByKind,
  host: Preconditions,
  preflights: Preflights,
): Plan {
  const warnings = [...planned].flatMap(
    ([kind, specs]) => preflights.get(kind)?.warnings?.(specs, host) ?? [],
  );
  return warnings.length === 0 ? plan : withMore(plan, warnings);
}

function withBlocked(
  plan: Plan,
  blocked: ReadonlyMap<Address, string>,
  preflights: Preflights,
): Plan {
  const units = plan.units.map((unit) => {
    const cause = blocked.get(unit.address);
    const purpose = `${preflights.get(unit.kind)?.action} ${unit.address}`;
    return cause === undefined ? unit : { ...unit, blocked: `cannot ${purpose}: ${cause}` };
  });
  const warnings = [...blocked].map(([address, cause]) => ({
    address,
    text: `would fail and is left as it is: ${cause}`,
  }));
  return withMore({ ...plan, units }, warnings);
}

function withMore(plan: Plan, warnings: readonly Warning[]): Plan {
  return { ...plan, warnings: [...(plan.warnings ?? []), ...warnings] };
}
