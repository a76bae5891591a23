import type { Command } from 'commander';
import { convertProject } from '../../app/project.js';
import { addCommonOptions, commonOptions } from '../options.js';
import { print } from '../output.js';

const EXAMPLES = `
Write the output beside the compose file: relative paths stay as they are. A comment names each key that
has no effect here. Variables, and the env files of services, become values. Root is not needed.

Example:
  baleine -f compose.yaml convert >baleine.yaml`;

export function register(program: Command): void {
  const command = program
    .command('convert')
    .description('translate a compose file into a baleine.yaml');
  addCommonOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (_options: unknown, self: Command) => {
      print(await convertProject(commonOptions(self)));
    });
}
