import { type Address, addressOf } from '../../model/address.js';
import type { Config } from '../../model/config.js';
import { UserError } from '../../model/errors.js';
import type { Note, Plan } from '../../model/plan.js';
import { type Resource, type Row, resourceFromRow } from '../../model/resource.js';
import type { ServiceSpec } from '../../model/swarm.js';
import { desiredInSwarm } from '../../swarm/desired/index.js';
import { proxyOf, serversOf } from '../../swarm/desired/names.js';
import type { ServiceRow } from '../../swarm/desired/release.js';
import { judge } from '../../swarm/desired/unsupported.js';
import { specAfterRollback } from '../../swarm/kinds/service.js';
import type { Context } from '../context.js';
import type { Records } from '../fast-path/index.js';
import type { PlanOptions } from '../options.js';
import { hostOf, ofStack, planResources } from '../plan-resources.js';

/** The plan that converges a swarm to the file. @throws UserError for what a swarm cannot have */
export async function planSwarm(
  context: Context,
  config: Config,
  { rows }: Records,
  options: PlanOptions,
): Promise<Plan> {
  const { up, scale = up?.scale } = options;
  if (up && (up.services.length > 0 || up.recreate || up.beside)) {
    throw new UserError(
      'cannot select services of a swarm',
      'baleine up without names, or baleine apply --target service.NAME',
    );
  }
  const warnings = judge(config);
  const wanted = await desiredResources(context, config, rows, scale);
  const own = ofStack(config.name, rows);
  const { resources, notes } = withoutRefused(wanted, own);
  const targets = options.scale && scaleTargets(Object.keys(options.scale), config, resources, own);
  const how = { ...options, ...(targets && { targets }), config };
  const made = await planResources(context, config.name, resources, rows, how);
  const plan = notes.length > 0 ? { ...made, notes: [...(made.notes ?? []), ...notes] } : made;
  const said = [...(config.warnings ?? []), ...warnings].map((text) => ({ text }));
  if (said.length === 0) return plan;
  return { ...plan, warnings: [...said, ...(plan.warnings ?? [])] };
}

/** The desired resources of the file. */
export async function desiredResources(
  context: Context,
  config: Config,
  rows: readonly Row[],
  scale: Record<string, number> = {},
): Promise<Resource[]> {
  const inputs = await hostOf(context).inputs(config, rows);
  return desiredInSwarm({ config, rows, paths: context.paths, ...inputs, scale });
}

/**
 * The targets of `scale`: services, and for a farm its proxy, too, with the configuration that it has
 * and the one that it gets.
 */
function scaleTargets(
  names: readonly string[],
  { farms }: Config,
  resources: readonly Resource[],
  rows: readonly Row[],
): Address[] {
  const services = names.flatMap((name) =>
    Object.hasOwn(farms, name) ? [serversOf(name), proxyOf(name)] : [name],
  );
  const all = [
    ...resources,
    ...rows.map((row) => ({ ...row, address: addressOf(row.kind, row.name) })),
  ];
  const own = all.filter(({ kind, name }) => kind === 'service' && services.includes(name));
  const configs = own.flatMap(({ needs }) => needs).filter((each) => each.startsWith('config.'));
  return [...new Set([...own.map(({ address }) => address), ...configs])];
}

const ROLLED_BACK = 'was rolled back: it stays as it was until its entry or its image changes';

/** A service that the swarm rolled back is not tried again: it stays as it was, with all that it needs. */
function withoutRefused(
  wanted: Resource[],
  rows: readonly Row[],
): { resources: Resource[]; notes: Note[] } {
  const rowOf = new Map(rows.map((row) => [addressOf(row.kind, row.name), row]));
  const held = new Map<Address, Resource>();
  for (const each of wanted) {
    const row = each.kind === 'service' ? rowOf.get(each.address) : undefined;
    const spec = row && specAfterRollback(each as Resource<ServiceSpec>, row as ServiceRow);
    if (spec) held.set(each.address, { ...resourceFromRow(row), spec });
  }
  const known = new Set(wanted.map(({ address }) => address));
  const needed = [...held.values()]
    .flatMap(({ needs }) => needs)
    .filter((each) => !known.has(each));
  const kept = [...new Set(needed)].flatMap((each) => rowOf.get(each) ?? []);
  const resources = wanted.map((each) => held.get(each.address) ?? each);
  return {
    resources: [...kept.map(resourceFromRow), ...resources],
    notes: [...held.keys()].map((address) => ({ address, text: ROLLED_BACK })),
  };
}
