import type { Command } from 'commander';
import {
  checkpointContainer,
  listCheckpoints,
  removeCheckpoints,
} from '../../app/container/checkpoint.js';
import { restoreDisk } from '../../app/container/disk-snapshots.js';
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
  disk?: true;
}

export function registerRestore(parent: Command, scope: StackScope): void {
  const command = parent
    .command('restore')
    .description('let a stopped container go on where its checkpoint was made, or restore its disk')
    .argument('<name>')
    .argument('[tag]', 'with --disk: the snapshot')
    .option('--disk', 'make its disk what it was at a snapshot; what it is becomes one, too')
    .option('--import <file>', 'a checkpoint that this installation has exported');
  addLockOptions(addScopeOptions(command, scope))
    .addHelpText(
      'after',
      '\nExamples:\n  baleine container restore web\n  baleine container restore web before-upgrade --disk',
    )
    .action(
      async (name: string, tag: string | undefined, options: RestoreOptions, self: Command) => {
        const { disk, ...others } = options;
        if (disk && options.import !== undefined) {
          self.error('error: --import is for checkpoints; it cannot be used with --disk');
        }
        if (disk && tag === undefined) self.error("error: missing argument 'tag' of --disk");
        if (!disk && tag !== undefined) {
          self.error('error: a checkpoint has no tag; for a snapshot of the disk, use --disk');
        }
        const context = openContext(self);
        const stack = await scopedStack(context, options.stack, scope, [name]);
        process.exitCode =
          tag === undefined
            ? await restoreContainer(context, stack, name, others)
            : await restoreDisk(context, stack, name, tag, others);
      },
    );
}

export const addLockOptions = (command: Command) =>
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
