import { type Command, InvalidArgumentError } from 'commander';
import { buildImages, pushImages, type ServiceImageOptions } from '../../app/service-images.js';
import { addCommonOptions, addServiceImageOptions } from '../options.js';
import { openContext } from '../terminal.js';

interface Options extends ServiceImageOptions {
  buildArg?: Record<string, string>;
  push?: true;
  /** False after `--no-cache`. */
  cache: boolean;
}

const EXAMPLES = `
Dockerfiles are built again, though their folders are unchanged; what else images are made of is made if
it has changed. Containers stay on the old image until \`up\` or \`apply\` replaces them.

Examples:
  baleine build
  baleine build --build-arg VERSION=2 web && baleine up -d web`;

export function register(program: Command): void {
  const command = program
    .command('build')
    .description('make the images of services, and build Dockerfiles again')
    .argument('[service...]', 'default: all')
    .option('--build-arg <K=V>', 'value of an ARG for this build; repeatable', variable)
    .option('--push', 'then push those that have a name in a registry')
    .option('--no-cache', 'without the stages that are kept of earlier builds')
    .option('--pull', 'no effect: each build asks the registry for its base images');
  addServiceImageOptions(addCommonOptions(command))
    .addHelpText('after', EXAMPLES)
    .action(async (services: string[], options: Options, self: Command) => {
      const context = openContext(self);
      context.noCache = !options.cache;
      const { buildArg: args = {}, push } = options;
      const code = await buildImages(context, services, { ...options, args });
      process.exitCode = code === 0 && push ? await pushImages(context, services, options) : code;
    });
}

/** A name alone takes its value from the environment, as with Docker. */
function variable(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [, name = '', , value] = /^([A-Za-z_][A-Za-z0-9_]*)(=(.*))?$/s.exec(text) ?? [];
  if (name === '') throw new InvalidArgumentError('It must be like NAME=VALUE.');
  const found = value ?? process.env[name];
  if (found === undefined) throw new InvalidArgumentError(`${name} is not in the environment.`);
  return { ...before, [name]: found };
}
