import { type Command, Option } from 'commander';
import type { Address } from '../model/address.js';
import type { Wishes } from './make-plan.js';
import { addressList, yesOrNo } from './options.js';

export interface WishOptions {
  target?: Address[];
  replace?: Address[];
  refresh?: boolean;
}

/** What narrows or widens a plan. */
export function addWishOptions(command: Command, { replace = true } = {}): Command {
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

export function wishesOf({ target = [], replace = [], refresh = true }: WishOptions): Wishes {
  return { targets: target, replace, refresh };
}
