import type { Command } from 'commander';
import type { StackScope } from '../app/lookup.js';
import { addCommonOptions, addSiteOptions } from './options.js';

export function addScopeOptions(command: Command, scope: StackScope, how = {}): Command {
  if (scope === 'imperative') {
    return addSiteOptions(command).option('--stack <name>', 'of this stack, not made by hand');
  }
  return addCommonOptions(command, how).option(
    '--stack <name>',
    'the container’s stack; default: the one of the file',
  );
}
