import type { Config } from '../model/config.js';
import { UserError } from '../model/errors.js';
import type { Context } from './context.js';
import { executeBriefly, withStoreOrWait } from './imperative/change.js';
import { planStack } from './make-plan.js';
import type { ChangeOptions } from './options.js';

/** Number of servers by farm; undefined for the file's own. */
export type Scale = Record<string, number | undefined>;

/** Gives farms another number of servers, which stays until the file asks for another one. */
export async function scaleFarms(
  context: Context,
  requested: Scale,
  options: ChangeOptions,
): Promise<number> {
  const config = await context.config();
  const scale = replicasOf(requested, config);
  return withStoreOrWait(context, options, async (store) => {
    const plan = await planStack(context, config, store, { scale });
    return executeBriefly(context, store, options, plan);
  });
}

function replicasOf(requested: Scale, { farms, name: stack }: Config): Record<string, number> {
  const entries = Object.entries(requested).map(([name, count]): [string, number] => {
    const farm = Object.hasOwn(farms, name) ? farms[name] : undefined;
    if (farm) return [name, count ?? farm.servers.replicas ?? 1];
    const all = Object.keys(farms).join(', ');
    throw new UserError(
      `cannot scale ${name}: no farm of that name in stack ${stack}`,
      all ? `There is: ${all}` : 'For a container, change replicas in the file.',
    );
  });
  return Object.fromEntries(entries);
}
