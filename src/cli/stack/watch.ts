import type { Command } from 'commander';
import { INTERRUPTED } from '../../app/failure.js';
import { refuseSwarm } from '../../app/local-only.js';
import { prepareUp, up } from '../../app/up/index.js';
import { watchServices } from '../../app/watch/index.js';
import { rulesOf } from '../../app/watch/rules.js';
import { addCommonOptions } from '../options.js';
import { openContext } from '../terminal.js';

interface Options {
  up: boolean;
}

const EXAMPLES = `
It starts the services first, as \`up -d\` does, and then does what \`develop.watch\` says when files change:
sync copies them into the containers, rebuild builds the image again and replaces the container, restart
restarts it. Errors are shown, and watching goes on until Ctrl-C, which leaves the containers running.

Examples:
  baleine watch
  baleine watch --no-up web`;

export function register(program: Command): void {
  const command = program
    .command('watch')
    .description('sync, rebuild or restart services when their files change, for development')
    .argument('[service...]', 'default: all that say what to watch')
    .option('--no-up', 'do not start the services first');
  addCommonOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (services: string[], options: Options, self: Command) => {
      process.exitCode = await run(services, options, self);
    });
}

async function run(services: string[], options: Options, command: Command): Promise<number> {
  const context = openContext(command);
  const { config } = await prepareUp(context, services, {});
  refuseSwarm(config);
  // report what cannot be watched before anything is started
  rulesOf(config, services);
  if (options.up) {
    const code = (await up(context, services, {})) ?? 0;
    if (code !== 0) return code;
  }
  const { attended } = await import('../interrupt.js');
  return attended(async ({ ask }) => {
    await watchServices(context, config, services, ask);
    return INTERRUPTED;
  });
}
