import type { Command } from 'commander';
import type { Context } from '../../app/context.js';
import {
  type ContainerRow,
  findContainers,
  type StackScope,
  scopedStack,
} from '../../app/lookup.js';
import { UserError } from '../../model/errors.js';
import { addScopeOptions } from '../options.js';
import { printJson } from '../output.js';
import { openContext } from '../terminal.js';

export interface NamedOptions {
  stack?: string;
  json?: true;
}

/** A verb for one or several containers that changes nothing on record. */
export function registerNamed<Options extends NamedOptions>(
  parent: Command,
  scope: StackScope,
  verb: string,
  describe: (command: Command) => Command,
  act: (context: Context, rows: ContainerRow[], options: Options) => Promise<void>,
): void {
  const command = describe(parent.command(verb).argument('<name...>'));
  const family = scope === 'imperative' ? 'container ' : '';
  addScopeOptions(command, scope)
    .addHelpText('after', `\nExample:\n  baleine ${family}${verb} web`)
    .action(async (names: string[], options: Options, self: Command) => {
      const context = openContext(self);
      const stack = await scopedStack(context, options.stack, scope);
      await act(context, findContainers(context.state().rows, stack, names, verb), options);
    });
}

/** `--json` for a verb that has nothing to say to people when it is done. */
export const addJson = (command: Command) =>
  command.option('--json', 'one JSON object a container');

/** Does something to each; `act` answers whether it ran. @throws UserError for the first that does not */
export async function toEach(
  rows: ContainerRow[],
  verb: string,
  { json }: NamedOptions,
  act: (id: string) => Promise<boolean>,
): Promise<void> {
  for (const { name, stack, spec } of rows) {
    const ran = await act(spec.id);
    if (!ran) throw new UserError(`cannot ${verb} container ${name}: it is not running`);
    if (json) printJson({ action: verb, name, stack });
  }
}
