import { type Command, Option } from 'commander';
import { addressList, yesOrNo } from '../cli/options.js';
import type { Address } from '../model/address.js';

export interface PlanOptions {
  /** Empty: everything. */
  targets?: Address[];
  replace?: Address[];
  /** To be stopped and started. */
  restart?: Address[];
  /** False: believe the host to be as it was left. */
  refresh?: boolean;
  /** Health that is due is asked for, and `note`: that it was is kept, to be asked again an interval later. */
  health?: 'ask' | 'note';
  /** Farms that are to have so many servers, and nothing but them in sight. */
  scale?: Record<string, number>;
}

export interface PlanFlags {
  target?: Address[];
  replace?: Address[];
  refresh?: boolean;
}

/** What narrows or widens a plan. */
export function addPlanFlags(command: Command, { replace = true } = {}): Command {
  command.option('--target <address>', 'only this and what it needs; repeatable', addressList);
  if (replace) {
    command.option('--replace <address>', 'anew though unchanged; repeatable', addressList);
  }
  return command
    .addOption(
      new Option('--refresh [yes]', 'look at the host first').default(true).argParser(yesOrNo),
    )
    .option('--no-refresh', 'believe the host to be as it was left');
}

export function planOptionsOf({
  target = [],
  replace = [],
  refresh = true,
}: PlanFlags): PlanOptions {
  return { targets: target, replace, refresh };
}

/** Whether nothing narrows or widens the plan. */
export function coversWholeStack({
  targets = [],
  replace = [],
  scale,
  refresh = true,
}: PlanOptions): boolean {
  return targets.length + replace.length === 0 && !scale && refresh;
}
