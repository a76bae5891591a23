import type { Command } from 'commander';
import type { LockOptions, RunOptions } from '../../app/options.js';
import { type AdoptOptions, adoptRoot } from '../../app/state/adopt.js';
import { checkState, forgetRow, repairState, showRows } from '../../app/state/check.js';
import { moveRow } from '../../app/state/move.js';
import { addCommonOptions, addLockOptions, addRootOptions, addRunOptions } from '../options.js';
import { openContext } from '../terminal.js';

interface StackOption {
  stack?: string;
}

const EXAMPLES = `
Examples:
  baleine state check
  baleine state repair
  baleine state show container.web-1
  baleine state mv volume.data volume.store
  baleine state rm volume.data
  baleine state adopt --root /srv/restored`;

export function register(program: Command): void {
  const state = program
    .command('state')
    .description('inspect and repair the state: check, repair, show, mv, rm, adopt')
    .addHelpText('after', EXAMPLES);
  const add = (name: string, description: string) =>
    addCommonOptions(state.command(name).description(description)).addHelpText('after', EXAMPLES);
  add('check', 'check the tables, and find resources that are in none of them').action(
    async (_options: object, self: Command) => {
      process.exitCode = await checkState(openContext(self));
    },
  );
  addRunOptions(add('repair', 'repair damaged tables; remove resources that are in none')).action(
    async (options: RunOptions, self: Command) => {
      process.exitCode = await repairState(openContext(self), options);
    },
  );
  add('show', 'print rows as JSON, one a line')
    .argument('[address]', 'only this one')
    .option('--stack <name>', 'the stack, without its file')
    .action((address: string | undefined, options: StackOption, self: Command) =>
      showRows(openContext(self), address, options),
    );
  addLockOptions(add('mv', 'rename a row, and leave its resource alone'))
    .argument('<from>', 'such as volume.data')
    .argument('<to>', 'such as volume.store')
    .option('--stack <name>', 'the stack, without its file')
    .action(async (from: string, to: string, options: LockOptions & StackOption, self: Command) => {
      process.exitCode = (await moveRow(openContext(self), from, to, options)) ?? 0;
    });
  addRunOptions(add('rm', 'forget a row, and leave its resource alone'))
    .argument('<address>', 'such as container.web-1')
    .option('--stack <name>', 'the stack, without its file')
    .action((address: string, options: RunOptions & StackOption, self: Command) =>
      forgetRow(openContext(self), address, options),
    );
  addLockOptions(addRootOptions(state.command('adopt')))
    .description('adopt a root that was copied, moved or restored')
    .option('-y, --auto-approve', 'do not ask')
    .addHelpText('after', EXAMPLES)
    .action(async (options: AdoptOptions, self: Command) => {
      process.exitCode = await adoptRoot(openContext(self), options);
    });
}
