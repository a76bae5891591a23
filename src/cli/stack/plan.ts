import type { Command } from 'commander';
import { type ShowPlanOptions, showPlan } from '../../app/show-plan.js';
import { UserError } from '../../model/errors.js';
import {
  addCommonOptions,
  addPlanFlags,
  addPullOption,
  addRemoveVolumes,
  commonOptions,
} from '../options.js';
import { outputIsIncidental } from '../output.js';
import { openContext, terminal } from '../terminal.js';

export function register(program: Command): void {
  const command = program
    .command('plan')
    .description('show what apply would change, without changing anything')
    .option('--destroy', 'what `destroy` would do')
    .option('--volumes', 'with --destroy: also volumes with all their data')
    .option('--detailed-exitcode', 'exit with 0 for no changes, 2 for changes, 1 for an error')
    .option('--out <file>', 'save the plan, for `apply FILE`')
    .option('--json', 'one JSON object a line')
    .option(
      '--snapshot <file>',
      'plan from a snapshot made by `debug snapshot`, not from this host',
    );
  addRemoveVolumes(command);
  addPullOption(addPlanFlags(addCommonOptions(command)))
    .addHelpText('after', '\nExample:\n  baleine plan --out today.plan && baleine apply today.plan')
    .action(async ({ snapshot, ...options }: ShowPlanOptions & Replay, self: Command) => {
      if (snapshot !== undefined) {
        process.exitCode = await replayPlan(snapshot, options, self);
        return;
      }
      // a saved plan counts even if it cannot be printed
      if (options.out !== undefined) outputIsIncidental();
      process.exitCode = await showPlan(openContext(self), options);
    });
}

interface Replay {
  snapshot?: string;
}

/** Needs neither root nor the host that the snapshot is from. */
async function replayPlan(
  snapshot: string,
  options: ShowPlanOptions,
  command: Command,
): Promise<number> {
  if (options.out !== undefined) {
    throw new UserError(
      'cannot save a plan made from a snapshot: it is for another moment, perhaps another host',
      'Leave out --out.',
    );
  }
  const [{ ReplayContext }, { readSnapshot }] = await Promise.all([
    import('../../app/snapshot/replay.js'),
    import('../../app/snapshot/document.js'),
  ]);
  const common = commonOptions(command);
  const context = new ReplayContext(common, readSnapshot(snapshot), terminal(common));
  return showPlan(context, options);
}
