import type { Command } from 'commander';
import type { Home } from '../app/lookup.js';
import { addCommonOptions, addSiteOptions } from './options.js';

export function addHomeOptions(command: Command, home: Home, how = {}): Command {
  if (home === 'hand') {
    return addSiteOptions(command).option('--stack <name>', 'of this stack, not made by hand');
  }
  return addCommonOptions(command, how).option(
    '--stack <name>',
    'the container’s stack; default: the one of the file',
  );
}
