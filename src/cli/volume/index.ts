import type { Command } from 'commander';
import type { Context } from '../../app/context.js';
import type { ChangeOptions } from '../../app/options.js';
import { type PruneOptions, prune } from '../../app/prune.js';
import { copyVolumeFiles } from '../../app/volume-files.js';
import {
  createVolume,
  inspectVolumes,
  type ListedVolume,
  listVolumes,
  removeVolumes,
} from '../../app/volumes.js';
import { VOLUME_KEYS } from '../../kinds/volume/keys.js';
import { renderTable } from '../../view/tables.js';
import { addKeyFlags, keyFlags } from '../key-flags.js';
import { addChangeOptions, addPruneOptions, addRootOptions } from '../options.js';
import { print, printJson, printOne } from '../output.js';
import { openContext } from '../terminal.js';
import { registerSnapshots } from './snapshots.js';

interface StackOptions extends ChangeOptions {
  stack?: string;
}

interface ListOptions {
  json?: true;
  quiet?: true;
}

export function register(program: Command): void {
  const family = program
    .command('volume')
    .description('manage volumes; `container create -v NAME:PATH` creates them, too');
  const create = addChangeOptions(family.command('create').argument('<name>')).description(
    'create a volume; the first container that mounts it fills it from its image',
  );
  addKeyFlags(create, VOLUME_KEYS)
    .addHelpText('after', '\nExample:\n  baleine volume create data --owner 999:999')
    .action(async (name: string, options: ChangeOptions, self: Command) => {
      const entry = keyFlags(options, VOLUME_KEYS);
      process.exitCode = await createVolume(openContext(self), name, entry, options);
    });
  addRootOptions(family.command('inspect').argument('<name...>'))
    .description('show details of volumes as JSON: folder, containers, files and their size')
    .option('--stack <name>', 'of this stack')
    .option('--json', 'on one line')
    .addHelpText('after', '\nExample:\n  baleine volume inspect data')
    .action((names: string[], options: { stack?: string; json?: true }, self: Command) =>
      printOne(inspectVolumes(openContext(self), names, options.stack), options.json === true),
    );
  addRootOptions(family.command('list'))
    .alias('ls')
    .description('list volumes, also those of stacks')
    .option('--json', 'one JSON array')
    .option('-q, --quiet', 'names only')
    .addHelpText('after', '\nExample:\n  baleine volume list')
    .action((options: ListOptions, self: Command) => list(openContext(self), options));
  addChangeOptions(family.command('cp'))
    .description('copy files into a volume or out of it; containers that mount it are frozen')
    .argument('<from>', 'a path of the host, or VOLUME:PATH')
    .argument('<to>', 'VOLUME:PATH, or a path of the host')
    .option('--stack <name>', 'of this stack')
    .addHelpText('after', '\nExample:\n  baleine volume cp ./dump.sql data:/')
    .action(async (from: string, to: string, options: StackOptions, self: Command) => {
      process.exitCode = await copyVolumeFiles(openContext(self), from, to, options);
    });
  registerSnapshots(family);
  addChangeOptions(family.command('rm').argument('<name...>'))
    .description('remove volumes and their data, unless a container or a file has them')
    .option('--stack <name>', 'of this stack')
    .addHelpText('after', '\nExample:\n  baleine volume rm data')
    .action(async (names: string[], options: StackOptions, self: Command) => {
      process.exitCode = await removeVolumes(openContext(self), names, options);
    });
  addPruneOptions(family.command('prune'))
    .description('remove every imperative volume that no container mounts')
    .option('--all', 'also volumes of stacks that are no longer in a file')
    .addHelpText('after', '\nExample:\n  baleine volume prune --all')
    .action(async (options: PruneOptions, self: Command) => {
      process.exitCode = await prune(openContext(self), ['volume'], options);
    });
}

function list(context: Context, { json, quiet }: ListOptions): void {
  const volumes = listVolumes(context);
  if (json) printJson(volumes);
  else print(quiet ? volumes.map(({ name }) => `${name}\n`).join('') : volumeTable(volumes));
}

function volumeTable(volumes: ListedVolume[]): string {
  const cells = volumes.map(({ name, stack, path, containers, unused }) => [
    ...[name, stack, unused ? 'unused' : String(containers.length), path],
  ]);
  return renderTable(['NAME', 'STACK', 'CONTAINERS', 'PATH'], cells);
}
