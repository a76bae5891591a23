import { isatty } from 'node:tty';
import type { Command } from 'commander';
import { apply } from '../../app/apply.js';
import type { ApplyOptions } from '../../app/apply-stack.js';
import { notifyFailures, type UnattendedRun } from '../../app/failure-notifier.js';
import {
  addCommonOptions,
  addPlanFlags,
  addPullOption,
  addRemoveVolumes,
  addRunOptions,
  addWaitOptions,
} from '../options.js';
import { openContext } from '../terminal.js';

const EXAMPLES = `
Examples:
  baleine apply
  baleine apply --target container.web-1 -y
  * * * * * root baleine -f /srv/shop/baleine.yaml apply -y --quiet --lock-skip`;

interface Options extends ApplyOptions {
  /** False after `--no-cache`. */
  cache: boolean;
}

export function register(program: Command): void {
  const command = program
    .command('apply')
    .description('converge the host to the file: show the plan, ask, execute')
    .argument('[planfile]', 'a plan saved by `plan --out`, executed without asking')
    .option('--stack <name>', 'this stack as recorded, without its file; - for the imperative one');
  addRemoveVolumes(command);
  addWaitOptions(addPullOption(addPlanFlags(addRunOptions(addCommonOptions(command)))))
    .option('--no-cache', 'build images without the stages that are kept of earlier builds')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string | undefined, options: Options, self: Command) => {
      const context = openContext(self);
      context.noCache = !options.cache;
      const unattended = isUnattended(options);
      const run = (more: Partial<UnattendedRun>) =>
        apply(context, file, { ...options, unattended, ...more });
      process.exitCode =
        unattended && options.quiet && options.stack === undefined
          ? await notifyFailures(context, run)
          : ((await run({})) ?? 0);
    });
}

/** Whether it runs as from cron: without a question, and with an option for cron alone. */
function isUnattended({ quiet, autoApprove, lockSkip }: ApplyOptions): boolean {
  return (quiet === true || lockSkip === true) && autoApprove === true && !isatty(2);
}
