import type { Command } from 'commander';
import { validateProject } from '../../app/project.js';
import { printable } from '../../model/printable.js';
import { addCommonOptions, commonOptions } from '../options.js';
import { print, printToStderr } from '../output.js';

const EXAMPLES = `
It reads the files alone: \`plan\` also asks the host. Root is not needed.

Examples:
  baleine validate
  baleine -f compose.yaml validate --quiet`;

export function register(program: Command): void {
  const command = program
    .command('validate')
    .description('check the file of a stack, without looking at the host')
    .option('-q, --quiet', 'print errors only');
  addCommonOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async ({ quiet }: { quiet?: true }, self: Command) => {
      const { file, warnings = [], containers, farms } = await validateProject(commonOptions(self));
      if (quiet) return;
      for (const each of warnings) printToStderr(`Warning: ${each}\n`);
      const count = Object.keys(containers).length + Object.keys(farms).length;
      const name = file === '-' ? 'standard input' : printable(file);
      print(`${name} is valid: ${count} ${count === 1 ? 'service' : 'services'}\n`);
    });
}
