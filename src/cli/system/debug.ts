import type { Command } from 'commander';
import { takeSnapshot } from '../../app/snapshot/take.js';
import { jsonText } from '../../model/printable.js';
import { addCommonOptions } from '../options.js';
import { print } from '../output.js';
import { openContext } from '../terminal.js';

const EXAMPLE = `
Example:
  baleine debug snapshot >stack.json
  baleine plan --snapshot stack.json`;

export function register(program: Command): void {
  const debug = program
    .command('debug')
    .description('investigate why a plan looks as it does: snapshot')
    .addHelpText('after', EXAMPLE);
  const command = debug
    .command('snapshot')
    .description('print everything that plans of this stack depend on, as one JSON document')
    .option('--with-values', 'keep values of environment variables; default: replace by hashes');
  addCommonOptions(command)
    .addHelpText('after', EXAMPLE)
    .action(async ({ withValues = false }: { withValues?: boolean }, self: Command) => {
      const version = program.version() ?? '';
      const snapshot = await takeSnapshot(openContext(self), version, { withValues });
      print(`${jsonText(snapshot, 1)}\n`);
    });
}
