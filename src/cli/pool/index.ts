import { type Command, InvalidArgumentError } from 'commander';
import type { ChangeOptions } from '../../app/options.js';
import { type CreatePoolOptions, createPool } from '../../app/pool/create.js';
import { type GrowPoolOptions, growPool } from '../../app/pool/grow.js';
import { removePool } from '../../app/pool/remove.js';
import { type PoolStatus, poolStatus } from '../../app/pool/status.js';
import { parseSize } from '../../config/units.js';
import { formatBytes } from '../../model/format.js';
import { renderTable } from '../../view/tables.js';
import { addChangeOptions, addRootOptions } from '../options.js';
import { print, printJson } from '../output.js';
import { openContext } from '../terminal.js';

export function register(program: Command): void {
  const family = program
    .command('pool')
    .description('keep images, disks, volumes and state where copies cost nothing: on XFS');
  addChangeOptions(family.command('create'))
    .description(
      'create a pool and move everything of the root into it; containers are to be stopped',
    )
    .option('--size <size>', 'for example 50G; on a device, default: all of it', bytes)
    .option('--file <file>', 'the file of the pool; default: the root’s path with .pool')
    .option('--device <device>', 'an empty block device instead of a file')
    .option('--preallocate', 'reserve all of the size now; default: as much as is in use')
    .addHelpText('after', '\nExample:\n  baleine pool create --size 50G')
    .action(async (options: CreatePoolOptions, self: Command) => {
      process.exitCode = await createPool(openContext(self), options);
    });
  addChangeOptions(family.command('grow'))
    .description('make the pool larger while it is in use')
    .option('--size <size>', 'its new size; on a device, default: all of it', bytes)
    .addHelpText('after', '\nExample:\n  baleine pool grow --size 100G')
    .action(async (options: GrowPoolOptions, self: Command) => {
      process.exitCode = await growPool(openContext(self), options);
    });
  addChangeOptions(family.command('remove'))
    .alias('rm')
    .description('copy everything out of the pool and remove it; containers are to be stopped')
    .addHelpText('after', '\nExample:\n  baleine pool remove')
    .action(async (options: ChangeOptions, self: Command) => {
      process.exitCode = await removePool(openContext(self), options);
    });
  addRootOptions(family.command('status'))
    .description('show where the pool is, and what it holds')
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExample:\n  baleine pool status')
    .action((options: { json?: true }, self: Command) => {
      const status = poolStatus(openContext(self).paths.root);
      if (options.json) printJson(status);
      else print(statusTable(status));
    });
}

function bytes(text: string): number {
  const size = parseSize(text);
  if (size !== undefined) return size;
  throw new InvalidArgumentError('A size is like 50G or 512M.');
}

function statusTable(status: PoolStatus): string {
  const { file, device = '', size, used, free, files, incomplete } = status;
  const cells = [
    ...[file ?? device, formatBytes(size), formatBytes(used), formatBytes(free)],
    `${incomplete ? 'over ' : ''}${formatBytes(files)}`,
  ];
  const below =
    status.allocated === undefined || status.freeBelow === undefined
      ? ''
      : `\nThe file takes ${formatBytes(status.allocated)} of the disk below, where ${formatBytes(status.freeBelow)} are free.\n`;
  return renderTable(['POOL', 'SIZE', 'USED', 'FREE', 'IN FILES'], [cells]) + below;
}
