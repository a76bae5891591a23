import { type Command, Option } from 'commander';
import { printProject } from '../../app/project.js';
import { jsonText, printable } from '../../model/printable.js';
import { addCommonOptions, commonOptions } from '../options.js';
import { print, printToStderr } from '../output.js';

interface Options {
  format: 'yaml' | 'json';
  json?: true;
  interpolate: boolean;
  services?: true;
  images?: true;
  volumes?: true;
  profiles?: true;
}

const LISTS = ['services', 'images', 'volumes', 'profiles'] as const;

const EXAMPLES = `
Files of several -f, extended or included files are merged, variables are expanded, and services of
inactive profiles are left out. Secrets and env files of services stay names: their contents are never
read. \`validate\` checks what the file means. Root is not needed.

Examples:
  baleine config
  baleine config --services
  baleine -f compose.yaml -f compose.prod.yaml config --no-interpolate`;

export function register(program: Command): void {
  const command = program
    .command('config')
    .description('print the file of a stack with all that it merges, in its own format')
    .option('--services', 'only names of services')
    .option('--images', 'only the images')
    .option('--volumes', 'only names of volumes')
    .option('--profiles', 'only names of profiles, of all services')
    .option('--no-interpolate', 'keep variables as they are written')
    .addOption(
      new Option('--format <format>', 'format of the output')
        .choices(['yaml', 'json'])
        .default('yaml'),
    )
    .option('--json', 'the same as --format json');
  addCommonOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (options: Options, self: Command) => {
      const { format, json, interpolate } = options;
      const project = await printProject(commonOptions(self), !interpolate);
      const list = LISTS.find((each) => options[each]);
      const isJson = json === true || format === 'json';
      for (const each of project.warnings) printToStderr(`Warning: ${each}\n`);
      if (list && isJson) print(`${jsonText(project[list])}\n`);
      else if (list) print(project[list].map((each) => `${printable(each)}\n`).join(''));
      else print(isJson ? `${jsonText(project.data(), 2)}\n` : project.yaml());
    });
}
