import type { Command } from 'commander';
import {
  checkpointContainer,
  listCheckpoints,
  removeCheckpoints,
} from '../../app/container/checkpoint.js';
import { restoreContainer } from '../../app/container/restore.js';
import { type StackScope, scopedStack } from '../../app/lookup.js';
import type { ChangeOptions } from '../../app/options.js';
import { formatBytes } from '../../model/format.js';
import { renderTable } from '../../view/tables.js';
import { addScopeOptions, duration } from '../options.js';
import { print, printJson } from '../output.js';
import { openContext } from '../terminal.js';

interface CheckpointOptions extends ChangeOptions {
  stack?: string;
  leaveRunning?: true;
  export?: string;
}

export function registerCheckpoint(parent: Command, scope: StackScope): void {
  const command = parent
    .command('checkpoint')
    .description(
      'save the memory, open files and disk of a running container, and stop it; by CRIU',
    )
    .argument('<name>')
    .option('--leave-running', 'freeze it only while it is saved')
    .option('--export <file>', 'also write it to a new file, which has all its memory');
  addLockOptions(addScopeOptions(command, scope))
    .addHelpText(
      'after',
      '\nExamples:\n  baleine container checkpoint web\n  baleine container checkpoint web --leave-running --export web.tar.zst',
    )
    .action(async (name: string, options: CheckpointOptions, self: Command) => {
      const context = openContext(self);
      const stack = await scopedStack(context, options.stack, scope, [name]);
      process.exitCode = await checkpointContainer(context, stack, name, options);
    });
}

interface RestoreOptions extends ChangeOptions {
  stack?: string;
  import?: string;
}

export function registerRestore(parent: Command, scope: StackScope): void {
  const command = parent
    .command('restore')
    .description('let a stopped container go on where its checkpoint was made')
    .argument('<name>')
    .option('--import <file>', 'a checkpoint that this installation has exported');
  addLockOptions(addScopeOptions(command, scope))
    .addHelpText('after', '\nExample:\n  baleine container restore web')
    .action(async (name: string, options: RestoreOptions, self: Command) => {
      const context = openContext(self);
      const stack = await scopedStack(context, options.stack, scope, [name]);
      process.exitCode = await restoreContainer(context, stack, name, options);
    });
}

const addLockOptions = (command: Command) =>
  command
    .option('--json', 'one JSON object a line')
    .option('--lock-timeout <duration>', 'wait for another baleine (default 10s)', duration);

interface ListOptions {
  stack?: string;
  json?: true;
}

export function registerCheckpoints(parent: Command, scope: StackScope): void {
  const family = parent
    .command('checkpoints')
    .description('list and remove the checkpoints of containers');
  addScopeOptions(family.command('list').alias('ls'), scope)
    .description('list the checkpoints of all stacks, also of containers that are gone')
    .option('--json', 'one JSON array')
    .addHelpText('after', '\nExample:\n  baleine container checkpoints list')
    .action(async (options: ListOptions, self: Command) => {
      const found = await listCheckpoints(openContext(self), options.stack);
      const listed = found.map(({ name, stack, created_at, size, runtime }) => ({
        ...{ name, stack, created_at, size, runtime },
      }));
      if (options.json) return printJson(listed);
      const rows = listed.map(({ name, stack, created_at, size, runtime }) => [
        ...[name, stack, created_at, formatBytes(size), runtime],
      ]);
      print(renderTable(['CONTAINER', 'STACK', 'CREATED', 'SIZE', 'RUNTIME'], rows));
    });
  addLockOptions(addScopeOptions(family.command('rm').argument('<name...>'), scope))
    .description('remove the checkpoints of containers')
    .addHelpText('after', '\nExample:\n  baleine container checkpoints rm web')
    .action(async (names: string[], options: ChangeOptions & ListOptions, self: Command) => {
      const context = openContext(self);
      const stack = await scopedStack(context, options.stack, scope, []);
      process.exitCode = await removeCheckpoints(context, stack, names, options);
    });
}
