import type { Command } from 'commander';
import { BY_HAND } from '../../model/by-hand.js';
import { byName } from '../../model/names.js';
import type { Row } from '../../model/resource.js';
import { renderTable } from '../../view/table.js';
import { type Context, openContext } from '../context.js';
import { addSiteOptions } from '../options.js';
import { print, printJson } from '../output.js';
import { addChangeOptions, type ChangeOptions, changeByHand } from './change.js';
import { namedAddress, ownRow, rowsOf } from './record.js';
import { refuseUsed } from './users.js';

interface ListOptions {
  json?: true;
  quiet?: true;
}

/** A volume as `volume list --json` has it. */
interface ListedVolume {
  name: string;
  stack: string;
  /** The folder on the host. */
  path: string;
  /** Ids of the containers that it is bound into. */
  containers: string[];
}

export function register(program: Command): void {
  const family = program
    .command('volume')
    .description('volumes made by hand, with `container create -v NAME:PATH`');
  addSiteOptions(family.command('list'))
    .alias('ls')
    .description('list volumes, of files too')
    .option('--json', 'one JSON array')
    .option('-q, --quiet', 'names only')
    .addHelpText('after', '\nExample:\n  baleine volume list')
    .action((options: ListOptions, self: Command) => list(openContext(self), options));
  addChangeOptions(family.command('rm').argument('<name...>'))
    .description('remove volumes that no container has, with all that is in them')
    .addHelpText('after', '\nExample:\n  baleine volume rm data')
    .action(async (names: string[], options: ChangeOptions, self: Command) => {
      process.exitCode = await remove(openContext(self), names, options);
    });
  addChangeOptions(family.command('prune'))
    .description('remove every volume made by hand that no container has')
    .addHelpText('after', '\nExample:\n  baleine volume prune')
    .action(async (options: ChangeOptions, self: Command) => {
      process.exitCode = await prune(openContext(self), options);
    });
}

function list(context: Context, { json, quiet }: ListOptions): void {
  const volumes = describe(context.state().rows);
  if (json) printJson(volumes);
  else print(quiet ? volumes.map(({ name }) => `${name}\n`).join('') : volumeTable(volumes));
}

function volumeTable(volumes: ListedVolume[]): string {
  const cells = volumes.map(({ name, stack, path, containers }) => [
    ...[name, stack, String(containers.length), path],
  ]);
  return renderTable(['NAME', 'STACK', 'CONTAINERS', 'PATH'], cells);
}

function describe(rows: readonly Row[]): ListedVolume[] {
  return rowsOf(rows, 'volume')
    .sort((a, b) => byName(a.stack, b.stack) || byName(a.name, b.name))
    .map(({ name, stack, spec: { path } }) => ({
      ...{ name, stack, path },
      containers: usersOf(rows, path).map(({ spec }) => spec.id),
    }));
}

/** Containers it is bound into, of whatever stack, whether they run or not. */
function usersOf(rows: readonly Row[], path: string) {
  return rowsOf(rows, 'container').filter(({ spec }) =>
    spec.mounts.some(({ source }) => source === path),
  );
}

function remove(context: Context, names: string[], options: ChangeOptions): Promise<number> {
  const purpose = `remove volume ${names.join(', ')}`;
  return changeByHand(context, options, (rows) => {
    for (const name of names) {
      const { spec } = ownRow(rows, 'volume', name, `remove volume ${name}`);
      refuseUsed(`remove volume ${name}`, usersOf(rows, spec.path));
    }
    return { purpose, gone: names.map((name) => namedAddress('volume', name, purpose)) };
  });
}

function prune(context: Context, options: ChangeOptions): Promise<number> {
  const purpose = 'prune volumes';
  return changeByHand(context, options, (rows) => {
    const unused = rowsOf(rows, 'volume').filter(
      ({ stack, spec }) => stack === BY_HAND && usersOf(rows, spec.path).length === 0,
    );
    return { purpose, gone: unused.map(({ name }) => namedAddress('volume', name, purpose)) };
  });
}
