import type { Command } from 'commander';
import type { Plan } from '../model/plan.js';
import type { OutputOptions } from './open-view.js';
import { count, duration } from './options.js';

/** Of a command that changes what is on record. */
export interface LockOptions {
  lockTimeout?: number;
  lockSkip?: boolean;
}

export function addLockOptions(command: Command): Command {
  return command
    .option('--lock-timeout <duration>', 'wait so long for another baleine, as 30s', duration)
    .option('--lock-skip', 'when another baleine is at work, end with 0; for cron');
}

/** What `apply` and `destroy` have in common. */
export interface RunOptions extends OutputOptions, LockOptions {
  autoApprove?: boolean;
  parallelism?: number;
  /** False: do not wait to see whether what was started stays up. */
  verify?: boolean;
  /** True for a plan that is not carried out this time; exit code 1. */
  postpones?: (plan: Plan) => boolean;
}

export function addRunOptions(command: Command): Command {
  command
    .option('-y, --auto-approve', 'do not ask')
    .option('--quiet', 'not one byte when nothing changed; for cron')
    .option('--json', 'one JSON object a line')
    .option('--parallelism <n>', 'most steps at a time (default: 10)', count);
  return addLockOptions(command);
}
