import { UserError } from '../model/errors.js';
import type { Plan } from '../model/plan.js';
import type { Context } from './context.js';
import { contextOf } from './engine.js';
import { type FetchOptions, withFetching } from './fetching.js';
import { livePlanHost } from './live-plan-host.js';
import { stackName } from './lookup.js';
import { planDestroy, planStack } from './make-plan.js';
import { type PlanFlags, planOptionsOf } from './options.js';
import { refuseStandardInput, savePlan, sourceOf } from './saved-plan.js';

export interface ShowPlanOptions extends PlanFlags, Pick<FetchOptions, 'pull'> {
  /** Plan what `destroy` would do. */
  destroy?: boolean;
  volumes?: boolean;
  /** Exit code 2 for a plan with changes. */
  detailedExitcode?: boolean;
  /** Save the plan to this file. */
  out?: string;
  json?: boolean;
}

/** Shows a plan, saves it if requested, and changes nothing; answers the exit code. */
export async function showPlan(local: Context, options: ShowPlanOptions): Promise<number> {
  const { destroy = false, out, detailedExitcode } = options;
  if (destroy && options.removeVolumes) {
    throw new UserError(
      'cannot remove volumes that are in the file no more: --destroy has --volumes',
    );
  }
  if (out !== undefined) refuseStandardInput(local.options.file);
  // a saved plan has to be exact
  local.buildsLater = out === undefined;
  const declared = destroy && local.options.withoutFile ? undefined : await local.config();
  const config = destroy || !declared ? undefined : withFetching(declared, options);
  const context = declared ? await contextOf(local, declared) : local;
  context.buildsLater = local.buildsLater;
  if (out !== undefined && (config?.secrets ?? config?.configs)) await context.bind();
  const records = context.fastPath.records();
  const { rows, serial } = records;
  const planOptions = { ...planOptionsOf(options), health: 'ask' } as const;
  const plan = config
    ? await planStack(context, config, records, planOptions)
    : await planDestruction(
        context,
        declared?.name ?? (await stackName(context)),
        rows,
        planOptions,
        options.volumes === true,
      );
  await (await context.frontend.view({ ...options, destroy })).plan(plan);
  if (out !== undefined) {
    const narrowed = (options.target ?? []).length > 0;
    const saved = { root: context.paths.root, destroy, narrowed, serial, plan };
    await savePlan(out, { ...saved, ...sourceOf(config, context.options.project) });
  }
  return detailedExitcode && plan.changes.length > 0 ? 2 : 0;
}

/** The plan of `destroy`, with warnings about schedules. */
async function planDestruction(...input: Parameters<typeof planDestroy>): Promise<Plan> {
  const [context, stack, , planOptions] = input;
  const plan = await planDestroy(...input);
  if ((planOptions.targets ?? []).length > 0) return plan;
  const host = context.planHost ?? livePlanHost(context);
  const warnings = await host.scheduleWarnings(stack);
  return warnings.length > 0 ? { ...plan, warnings } : plan;
}
