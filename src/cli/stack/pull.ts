import { type Command, Option } from 'commander';
import { pullImages, type ServiceImageOptions } from '../../app/service-images.js';
import { addCommonOptions, addServiceImageOptions } from '../options.js';
import { openContext } from '../terminal.js';

interface Options extends ServiceImageOptions {
  policy: 'always' | 'missing';
}

const EXAMPLES = `
Containers stay on the old image until \`up\` or \`apply\` replaces them.

Examples:
  baleine pull
  baleine pull --policy missing db`;

export function register(program: Command): void {
  const command = program
    .command('pull')
    .description('fetch the images of services from their registries')
    .argument('[service...]', 'default: all')
    .addOption(
      new Option('--policy <when>', 'ask about all, or only about those that are not here')
        .choices(['always', 'missing'])
        .default('always'),
    )
    .option('--ignore-buildable', 'no effect: what is built is never pulled');
  addServiceImageOptions(addCommonOptions(command))
    .addHelpText('after', EXAMPLES)
    .action(async (services: string[], options: Options, self: Command) => {
      process.exitCode = await pullImages(openContext(self), services, options);
    });
}
