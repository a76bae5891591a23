import { checkCapacity } from '../kinds/container/capacity.js';
import type { Context as Given } from '../kinds/desired-context.js';
import type { Config } from '../model/config.js';
import type { Row } from '../model/resource.js';
import type { Context } from './context.js';
import { livePlanHost } from './live-plan-host.js';

export type { Given };

/**
 * The input from which the desired resources are worked out.
 *
 * @throws UserError for capacity or files that the host does not have
 */
export async function desiredInput(
  config: Config,
  context: Context,
  rows: readonly Row[],
  scale: Record<string, number> = {},
): Promise<Given> {
  const host = context.planHost ?? livePlanHost(context);
  checkCapacity(config, host.capacity());
  const inputs = await host.inputs(config, rows);
  return { config, rows, paths: context.paths, ...inputs, scale };
}
