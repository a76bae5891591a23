import { type Command, Option } from 'commander';
import { convertProject } from '../../app/project.js';
import { addCommonOptions, commonOptions } from '../options.js';
import { print, printToStderr } from '../output.js';

const EXAMPLES = `
Write the output beside the file: relative paths stay as they are. What the other format has no words for
is named on standard error, with its place. In a compose file it is below x-baleine, which baleine reads.
Variables, and the env files of services, become values. Root is not needed.

Examples:
  baleine -f compose.yaml convert >baleine.yaml
  baleine -f baleine.yaml convert >compose.yaml`;

export function register(program: Command): void {
  const command = program
    .command('convert')
    .description('translate a compose file into a baleine.yaml, or the other way')
    .addOption(
      new Option('--to <format>', 'format of the output; default: the other one').choices([
        'baleine',
        'compose',
      ]),
    );
  addCommonOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async ({ to }: { to?: 'baleine' | 'compose' }, self: Command) => {
      const { yaml, lost } = await convertProject(commonOptions(self), to);
      for (const each of lost) printToStderr(`lost: ${each}\n`);
      print(yaml);
    });
}
