import type { Command } from 'commander';
import { diskUsage, type UsedSpace } from '../../app/disk-usage.js';
import { type PoolStatus, poolSpace } from '../../app/pool/status.js';
import { type PruneOptions, prune } from '../../app/prune.js';
import { formatBytes } from '../../model/format.js';
import { renderTable } from '../../view/tables.js';
import { addPruneOptions, addRootOptions } from '../options.js';
import { print, printJson } from '../output.js';
import { openContext } from '../terminal.js';

export function register(program: Command): void {
  const family = program.command('system').description('disk space of all stacks, and freeing it');
  addRootOptions(family.command('df'))
    .description(
      'show what images, disks of containers and volumes occupy, and what could be freed',
    )
    .option('-v, --verbose', 'each of them')
    .option('--json', 'one JSON array, with each of them')
    .addHelpText('after', '\nExample:\n  baleine system df -v')
    .action(async (options: { verbose?: true; json?: true }, self: Command) => {
      const context = openContext(self);
      const used = await diskUsage(context);
      if (options.json) return printJson(used);
      print(options.verbose ? detailedTable(used) : summaryTable(used));
      const pool = poolSpace(context.paths.root);
      if (pool) print(poolNote(pool));
    });
  addPruneOptions(family.command('prune'))
    .description(
      'remove containers, networks and images made by commands that nothing uses, and the build cache',
    )
    .option('--volumes', 'also volumes made by commands that nothing mounts, with their data')
    .addHelpText('after', '\nExample:\n  baleine system prune')
    .action(async (options: PruneOptions & { volumes?: true }, self: Command) => {
      const { volumes, ...rest } = options;
      const what = [
        'container',
        'network',
        'image',
        ...(volumes ? ['volume' as const] : []),
      ] as const;
      process.exitCode = await prune(openContext(self), what, rest);
    });
}

const TYPES = [
  ['image', 'Images'],
  ['container', 'Disks of containers'],
  ['volume', 'Volumes'],
  ['cache', 'Build cache'],
] as const;

function summaryTable(used: readonly UsedSpace[]): string {
  const cells = TYPES.map(([type, title]) => {
    const own = used.filter((each) => each.type === type);
    const active = own.filter((each) => each.active).length;
    const free = own.filter(({ reclaimable }) => reclaimable);
    return [title, String(own.length), String(active), total(own), total(free)];
  });
  return renderTable(['TYPE', 'TOTAL', 'ACTIVE', 'SIZE', 'RECLAIMABLE'], cells);
}

const poolNote = ({ used, size }: PoolStatus) =>
  `\nWhat copies share counts for each of them: ${formatBytes(used)} of the pool's ${formatBytes(size)} are in use.\n`;

function detailedTable(used: readonly UsedSpace[]): string {
  const cells = used.map((each) => {
    const { type, name, stack, active, reclaimable } = each;
    return [type, stack, name, active ? 'yes' : 'no', total([each]), reclaimable ? 'yes' : 'no'];
  });
  return renderTable(['TYPE', 'STACK', 'NAME', 'ACTIVE', 'SIZE', 'RECLAIMABLE'], cells);
}

function total(all: readonly UsedSpace[]): string {
  const text = formatBytes(all.reduce((sum, { used }) => sum + used, 0));
  return all.some(({ incomplete }) => incomplete) ? `over ${text}` : text;
}
