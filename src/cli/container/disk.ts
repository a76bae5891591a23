import type { Command } from 'commander';
import { commitContainer, copyFiles } from '../../app/container/disk.js';
import { type StackScope, scopedStack } from '../../app/lookup.js';
import type { ChangeOptions } from '../../app/options.js';
import { addScopeOptions, duration } from '../options.js';
import { openContext } from '../terminal.js';

interface Options extends ChangeOptions {
  stack?: string;
}

export function registerCp(parent: Command, scope: StackScope = 'file'): void {
  const command = parent
    .command('cp')
    .description('copy files into a container or out of it, whether it runs or not')
    .argument('<from>', 'a path of the host, or NAME:PATH')
    .argument('<to>', 'NAME:PATH, or a path of the host')
    .option('--json', 'print what was copied as a JSON object');
  const family = scope === 'imperative' ? 'container ' : '';
  addScopeOptions(command, scope)
    .addHelpText('after', `\nExample:\n  baleine ${family}cp ./site web:/srv/www`)
    .action(async (from: string, to: string, options: Options, self: Command) => {
      const context = openContext(self);
      const names = [from, to].flatMap((each) => /^([^/.:][^/:]*):/.exec(each)?.[1] ?? []);
      const stack = await scopedStack(context, options.stack, scope, names);
      process.exitCode = await copyFiles(context, stack, from, to, options);
    });
}

interface CommitOptions extends ChangeOptions {
  stack?: string;
}

export function registerCommit(parent: Command, scope: StackScope): void {
  const command = parent
    .command('commit')
    .description(
      'create an image from a container’s disk; a running container is frozen while it is copied',
    )
    .argument('<name>', 'the container')
    .argument('<image>', 'the new image')
    .option('--json', 'one JSON object a line')
    .option('--lock-timeout <duration>', 'wait for another baleine (default 10s)', duration);
  addScopeOptions(command, scope)
    .addHelpText('after', '\nExample:\n  baleine container commit web web-configured')
    .action(async (name: string, image: string, options: CommitOptions, self: Command) => {
      const context = openContext(self);
      const stack = await scopedStack(context, options.stack, scope, [name]);
      process.exitCode = await commitContainer(context, stack, name, image, options);
    });
}
