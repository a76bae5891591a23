import type { Command } from 'commander';
import { listVolumeSnapshots, removeVolumeSnapshots } from '../../app/volume-snapshots/list.js';
import { type RestoreOptions, restoreVolume } from '../../app/volume-snapshots/restore.js';
import { type SnapshotOptions, takeVolumeSnapshot } from '../../app/volume-snapshots/take.js';
import { formatBytes } from '../../model/format.js';
import { renderTable } from '../../view/tables.js';
import { addChangeOptions, addRootOptions } from '../options.js';
import { print, printJson } from '../output.js';
import { openContext } from '../terminal.js';

/** The commands of `volume` that take, list, remove and restore snapshots. */
export function registerSnapshots(family: Command): void {
  addChangeOptions(family.command('snapshot').argument('<name>').argument('[tag]'))
    .description('take a snapshot of a volume, while nothing writes to it; default tag: the time')
    .option('--stack <name>', 'of this stack')
    .addHelpText('after', '\nExample:\n  baleine volume snapshot data before-upgrade')
    .action(
      async (name: string, tag: string | undefined, options: SnapshotOptions, self: Command) => {
        process.exitCode = await takeVolumeSnapshot(openContext(self), name, tag, options);
      },
    );
  const snapshots = family
    .command('snapshots')
    .description('list snapshots of volumes, or remove some');
  addRootOptions(snapshots.command('list', { isDefault: true }).argument('[name...]'))
    .alias('ls')
    .description('list the snapshots of these volumes, or of all')
    .option('--stack <name>', 'of this stack')
    .option('--json', 'one JSON array')
    .addHelpText('after', '\nExample:\n  baleine volume snapshots data')
    .action((names: string[], options: { stack?: string; json?: true }, self: Command) => {
      const found = listVolumeSnapshots(openContext(self), names, options.stack);
      if (options.json) return printJson(found);
      const cells = found.map(({ volume, stack, tag, taken, size, used }) => [
        ...[volume, stack, tag, taken.replace(/\.\d+/, '')],
        ...[size === undefined ? '-' : formatBytes(size), formatBytes(used)],
      ]);
      return print(renderTable(['VOLUME', 'STACK', 'TAG', 'TAKEN', 'SIZE', 'USED'], cells));
    });
  addChangeOptions(snapshots.command('rm').argument('<name>').argument('<tag...>'))
    .description('remove snapshots of a volume')
    .option('--stack <name>', 'of this stack')
    .addHelpText('after', '\nExample:\n  baleine volume snapshots rm data before-upgrade')
    .action(async (name: string, tags: string[], options: SnapshotOptions, self: Command) => {
      process.exitCode = await removeVolumeSnapshots(openContext(self), name, tags, options);
    });
  addChangeOptions(family.command('restore').argument('<name>').argument('<tag>'))
    .description('make a volume what it was at a snapshot; what it is now becomes a snapshot, too')
    .option('--as <new>', 'make a new volume of it instead, which belongs to no stack')
    .option('--stack <name>', 'of this stack')
    .addHelpText('after', '\nExample:\n  baleine volume restore data before-upgrade --as data-old')
    .action(async (name: string, tag: string, options: RestoreOptions, self: Command) => {
      process.exitCode = await restoreVolume(openContext(self), name, tag, options);
    });
}
