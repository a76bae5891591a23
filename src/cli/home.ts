import type { Command } from 'commander';
import { BY_HAND } from '../model/by-hand.js';
import type { Context } from './context.js';
import { addCommonOptions, addSiteOptions } from './options.js';
import { stackName } from './stack-name.js';

/**
 * Where a command looks for a container unless `--stack` tells: in the stack of the file, or among
 * what was made by hand, as the commands below `baleine container` do.
 */
export type Home = 'file' | 'hand';

export function addHomeOptions(command: Command, home: Home, how = {}): Command {
  if (home === 'hand') {
    return addSiteOptions(command).option('--stack <name>', 'of this stack, not made by hand');
  }
  return addCommonOptions(command, how).option(
    '--stack <name>',
    'the container’s stack; default: the one of the file',
  );
}

export async function homeStack(
  context: Context,
  given: string | undefined,
  home: Home,
): Promise<string> {
  return home === 'hand' && given === undefined ? BY_HAND : stackName(context, given);
}
