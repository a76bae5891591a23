import type { Command } from 'commander';
import {
  listDiskSnapshots,
  removeDiskSnapshots,
  takeDiskSnapshot,
} from '../../app/container/disk-snapshots.js';
import { type StackScope, scopedStack } from '../../app/lookup.js';
import type { ChangeOptions } from '../../app/options.js';
import { formatBytes } from '../../model/format.js';
import { renderTable } from '../../view/tables.js';
import { addScopeOptions } from '../options.js';
import { print, printJson } from '../output.js';
import { openContext } from '../terminal.js';
import { addLockOptions } from './checkpoint.js';

interface SnapshotOptions extends ChangeOptions {
  stack?: string;
}

export function registerSnapshot(parent: Command, scope: StackScope): void {
  const command = parent.command('snapshot').argument('<name>').argument('[tag]');
  addLockOptions(addScopeOptions(command, scope))
    .description("take a snapshot of a container's disk while it runs; default tag: the time")
    .addHelpText('after', '\nExample:\n  baleine container snapshot web before-upgrade')
    .action(
      async (name: string, tag: string | undefined, options: SnapshotOptions, self: Command) => {
        const context = openContext(self);
        const stack = await scopedStack(context, options.stack, scope, [name]);
        process.exitCode = await takeDiskSnapshot(context, stack, name, tag, options);
      },
    );
}

export function registerSnapshots(parent: Command, scope: StackScope): void {
  const family = parent
    .command('snapshots')
    .description('list snapshots of the disks of containers, or remove some');
  const list = family.command('list', { isDefault: true }).argument('[name...]').alias('ls');
  addScopeOptions(list, scope)
    .description('list the snapshots of these containers, or of all, also of those that are gone')
    .option('--json', 'one JSON array')
    .addHelpText('after', '\nExample:\n  baleine container snapshots web')
    .action((names: string[], options: { stack?: string; json?: true }, self: Command) => {
      const found = listDiskSnapshots(openContext(self), names, options.stack);
      if (options.json) return printJson(found);
      const cells = found.map(({ container, stack, tag, taken, size, used }) => [
        ...[container, stack, tag, taken.replace(/\.\d+/, '')],
        ...[size === undefined ? '-' : formatBytes(size), formatBytes(used)],
      ]);
      return print(renderTable(['CONTAINER', 'STACK', 'TAG', 'TAKEN', 'SIZE', 'USED'], cells));
    });
  const remove = family.command('rm').argument('<name>').argument('<tag...>');
  addLockOptions(addScopeOptions(remove, scope))
    .description("remove snapshots of a container's disk")
    .addHelpText('after', '\nExample:\n  baleine container snapshots rm web before-upgrade')
    .action(async (name: string, tags: string[], options: SnapshotOptions, self: Command) => {
      const context = openContext(self);
      const stack = await scopedStack(context, options.stack, scope, []);
      process.exitCode = await removeDiskSnapshots(context, stack, name, tags, options);
    });
}
