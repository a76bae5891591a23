import type { Command } from 'commander';
import { pushImages, type ServiceImageOptions } from '../../app/service-images.js';
import { addCommonOptions, addServiceImageOptions } from '../options.js';
import { openContext } from '../terminal.js';

interface Options extends ServiceImageOptions {
  ignorePushFailures?: true;
}

const EXAMPLES = `
The name is \`image:\` beside \`build:\` in a compose file, \`reference:\` of an image in baleine.yaml, or the
name that it was fetched by. It is one layer there. Credentials are those of \`skopeo login\`.

Example:
  baleine build web && baleine push web`;

export function register(program: Command): void {
  const command = program
    .command('push')
    .description('copy the images of services to the registries in their names')
    .argument('[service...]', 'default: all')
    .option('--ignore-push-failures', 'push the others all the same; the exit code is 1');
  addServiceImageOptions(addCommonOptions(command))
    .addHelpText('after', EXAMPLES)
    .action(async (services: string[], options: Options, self: Command) => {
      const { ignorePushFailures: ignoreFailures = false } = options;
      const how = { ...options, ignoreFailures };
      process.exitCode = await pushImages(openContext(self), services, how);
    });
}
