import type { Config } from '../../model/config.js';
import { UserError } from '../../model/errors.js';
import type { Plan } from '../../model/plan.js';
import { desiredInSwarm } from '../../swarm/desired/index.js';
import { judge } from '../../swarm/desired/unsupported.js';
import type { Context } from '../context.js';
import type { Records } from '../fast-path/index.js';
import type { PlanOptions } from '../options.js';
import { hostOf, planResources } from '../plan-resources.js';

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
  const inputs = await hostOf(context).inputs(config, rows);
  const { paths } = context;
  const resources = desiredInSwarm({ config, rows, paths, ...inputs, ...(scale && { scale }) });
  const plan = await planResources(context, config.name, resources, rows, { ...options, config });
  const said = [...(config.warnings ?? []), ...warnings].map((text) => ({ text }));
  if (said.length === 0) return plan;
  return { ...plan, warnings: [...said, ...(plan.warnings ?? [])] };
}
