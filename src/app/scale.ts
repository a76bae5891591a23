import type { Config } from '../model/config.js';
import { UserError } from '../model/errors.js';
import type { Context } from './context.js';
import { contextOf } from './engine.js';
import { executeBriefly, withStoreOrWait } from './imperative/change.js';
import { planStack } from './make-plan.js';
import type { ChangeOptions } from './options.js';

/** Number of servers by farm, or of replicas by container; undefined for the file's own. */
export type Scale = Record<string, number | undefined>;

/**
 * Gives farms another number of servers, which stays until the file asks for another one; on a swarm,
 * containers have another number of replicas, too.
 */
export async function scaleServices(
  local: Context,
  requested: Scale,
  options: ChangeOptions,
): Promise<number> {
  const config = await local.config();
  const scale = replicasOf(requested, config);
  const context = await contextOf(local, config);
  return withStoreOrWait(context, options, async (store) => {
    const plan = await planStack(context, config, store, { scale });
    return executeBriefly(context, store, options, plan);
  });
}

function replicasOf(requested: Scale, config: Config): Record<string, number> {
  const { farms, containers, engine, name: stack } = config;
  const hasServices = engine === 'swarm';
  const known = new Map([
    ...(hasServices ? Object.entries(containers) : []),
    ...Object.entries(farms).map(([name, { servers }]) => [name, servers] as const),
  ]);
  const entries = Object.entries(requested).map(([name, count]): [string, number] => {
    const entry = known.get(name);
    if (hasServices && entry?.placement?.each_node) {
      throw new UserError(
        `cannot scale ${name}: one runs on each node, as placement.each_node says`,
        'placement.constraints say which nodes.',
      );
    }
    if (entry) return [name, count ?? entry.replicas ?? 1];
    const all = [...known.keys()].join(', ');
    const what = hasServices ? 'farm or container' : 'farm';
    throw new UserError(
      `cannot scale ${name}: no ${what} of that name in stack ${stack}`,
      all ? `There is: ${all}` : 'For a container, change replicas in the file.',
    );
  });
  return Object.fromEntries(entries);
}
