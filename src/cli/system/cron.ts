import { type Command, Option } from 'commander';
import { cronLines, installCron, removeCron } from '../../app/cron.js';
import { addCommonOptions, duration } from '../options.js';
import { print } from '../output.js';
import { openContext } from '../terminal.js';

interface CronOptions {
  crontab?: string;
}

interface InstallOptions extends CronOptions {
  every: number;
}

const EXAMPLES = `
Examples:
  baleine cron install -f /srv/shop/baleine.yaml
  baleine cron install --every 5m
  baleine cron remove -f /srv/shop/baleine.yaml`;

export function register(program: Command): void {
  const cron = program
    .command('cron')
    .description('heal a stack from root’s crontab: install, show, remove')
    .addHelpText('after', EXAMPLES);
  const add = (name: string, description: string) =>
    addCommonOptions(cron.command(name).description(description))
      .addHelpText('after', EXAMPLES)
      .addOption(
        new Option('--crontab <file>', 'this file in place of crontab(1)’s, as for busybox crond'),
      );
  add('install', 'apply the stack now and then, and after a boot')
    .addOption(
      new Option('--every <duration>', 'how often').argParser(duration).default(60_000, '1m'),
    )
    .action((options: InstallOptions, self: Command) => installCron(openContext(self), options));
  add('show', 'print our lines of the crontab').action(
    async (options: CronOptions, self: Command) => {
      openContext(self);
      print(await cronLines(options));
    },
  );
  add('remove', 'remove the stack’s lines').action((options: CronOptions, self: Command) =>
    removeCron(openContext(self), options),
  );
}
