import { kinds } from '../kinds/index.js';
import { emptyPlan } from '../plan/plan-notes.js';
import type { ApplyOptions } from './apply-stack.js';
import { type Context, ReadOnlyContext } from './context.js';
import { contextOf } from './engine.js';
import { withFetching } from './fetching.js';
import { desiredInput } from './live-plan-host.js';
import { coversWholeStack, planOptionsOf } from './options.js';

/** Applies a saved plan, a recorded stack (`options.stack`), or the file; answers the exit code. */
export async function apply(
  context: Context,
  planfile: string | undefined,
  options: ApplyOptions,
): Promise<number | undefined> {
  if (planfile === undefined && options.stack === undefined) return applyFile(context, options);
  const { applyRecorded, applySaved } = await import('./apply-stack.js');
  return planfile === undefined
    ? applyRecorded(context, options.stack as string, options)
    : applySaved(context, planfile, options);
}

/**
 * Reads the file before it takes the lock: an error in the file leaves no trace. Code that changes
 * something is loaded when there is something to change.
 */
async function applyFile(context: Context, options: ApplyOptions): Promise<number | undefined> {
  const { fastPath } = context;
  const { pull } = options;
  const isSimple = coversWholeStack(planOptionsOf(options)) && !options.wait && !pull;
  const isNoOp = isSimple ? fastPath.checkNoOp() : undefined;
  const config = withFetching(await context.config(), { ...(pull && { pull }) });
  const readOnly = new ReadOnlyContext(context.options);
  if (config.engine === 'swarm') {
    const { applyStack } = await import('./apply-stack.js');
    return applyStack(await contextOf(context, config), config, options);
  }
  if (!(await isNoOp?.(config, (rows) => desiredInput(config, readOnly, rows)))) {
    const { applyStack } = await import('./apply-stack.js');
    return applyStack(context, config, options);
  }
  if (options.quiet && !options.json) return 0;
  const view = await context.frontend.view(options);
  const rows = fastPath.records().rows.filter(({ stack }) => stack === config.name);
  await view.plan(emptyPlan(config.name, rows, kinds));
  return 0;
}
