import type { Command } from 'commander';
import type { RunOptions } from '../../app/options.js';
import { rollBackService } from '../../app/rollback.js';
import { addCommonOptions, addRunOptions } from '../options.js';
import { openContext } from '../terminal.js';

interface Options extends RunOptions {
  undo?: boolean;
}

const NOTES = `
Restores the image, command, environment, limits, volumes, health check and server port that its
containers had before their last change; bridges, published ports and the number of containers stay.
The release is pinned: apply and cron keep it until the entry in the file or its image changes. Only
the last change can be rolled back.

Examples:
  baleine rollback shop
  baleine rollback --undo shop && baleine apply`;

export function register(program: Command): void {
  const command = program
    .command('rollback')
    .description('roll a service back to its previous release')
    .argument('<service>', 'a farm, or an entry of containers')
    .option('--undo', 'end the pin; the next apply converges it to the file');
  addRunOptions(addCommonOptions(command))
    .addHelpText('after', NOTES)
    .action(async (name: string, options: Options, self: Command) => {
      process.exitCode = await rollBackService(openContext(self), name, options);
    });
}
