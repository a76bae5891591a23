import type { Command } from 'commander';
import { imageHistory } from '../../app/image-history.js';
import {
  describeImages,
  inspectImages,
  type ListedImage,
  removeImages,
  tagImage,
} from '../../app/images.js';
import type { ChangeOptions } from '../../app/options.js';
import { type PruneOptions, prune } from '../../app/prune.js';
import { formatBytes } from '../../model/format.js';
import { printable, shorten } from '../../model/printable.js';
import { renderTable } from '../../view/tables.js';
import { addChangeOptions, addPruneOptions, addRootOptions } from '../options.js';
import { print, printJson, printOne } from '../output.js';
import { openContext } from '../terminal.js';
import { registerCreate, registerImport, registerPull } from './create.js';
import { registerExport, registerPush } from './export.js';

export function register(program: Command): void {
  const family = program.command('image').description('manage images without a file');
  registerCreate(family);
  registerImport(family);
  registerPull(family);
  registerExport(family);
  registerPush(family);
  registerList(family);
  addRootOptions(family.command('inspect').argument('<name...>'))
    .description('show details of images as JSON')
    .option('--json', 'on one line')
    .addHelpText('after', '\nExample:\n  baleine image inspect base')
    .action((names: string[], options: { json?: true }, self: Command) =>
      printOne(inspectImages(openContext(self), names), options.json === true),
    );
  addRootOptions(family.command('history').argument('<name>'))
    .description('show what is recorded of how an image was made, the last step first')
    .option('--json', 'one JSON array')
    .addHelpText('after', '\nExample:\n  baleine image history base')
    .action((name: string, options: { json?: true }, self: Command) => {
      const steps = imageHistory(openContext(self), name);
      if (options.json) return printJson(steps);
      const cells = steps.map(({ image, created, step }) => [
        ...[image ?? '-', created?.slice(0, 19) ?? '-', shorten(printable(step), LONGEST)],
      ]);
      print(renderTable(['IMAGE', 'CREATED', 'STEP'], cells));
    });
  addChangeOptions(family.command('tag').argument('<image>').argument('<name:tag>'))
    .description('give an image a second name with a tag, which keeps its content')
    .addHelpText(
      'after',
      '\nThe image can then be replaced or removed. A tag of another image moves to this one.\n\nExample:\n  baleine image tag app app:1.2',
    )
    .action(async (image: string, name: string, options: ChangeOptions, self: Command) => {
      process.exitCode = await tagImage(openContext(self), image, name, options);
    });
  addChangeOptions(family.command('rm').argument('<name...>'))
    .description('remove images that no container uses')
    .addHelpText('after', '\nExample:\n  baleine image rm base')
    .action(async (names: string[], options: ChangeOptions, self: Command) => {
      process.exitCode = await removeImages(openContext(self), names, options);
    });
  addPruneOptions(family.command('prune'))
    .description('remove unused imperative images, pending builds, and the build cache')
    .addHelpText('after', '\nExample:\n  baleine image prune')
    .action(async (options: PruneOptions, self: Command) => {
      process.exitCode = await prune(openContext(self), ['image'], options);
    });
}

/** Characters of a step in the table. */
const LONGEST = 120;

function registerList(family: Command): void {
  addRootOptions(family.command('list'))
    .alias('ls')
    .description('list images, also those of stacks')
    .option('--json', 'one JSON array')
    .option('-q, --quiet', 'names only')
    .addHelpText('after', '\nExample:\n  baleine image list')
    .action(async (options: { json?: true; quiet?: true }, self: Command) => {
      const context = openContext(self);
      const images = describeImages(context.state().rows, await context.probe(), context.paths);
      if (options.json) return printJson(images);
      print(options.quiet ? images.map(({ name }) => `${name}\n`).join('') : imageTable(images));
    });
}

export function imageTable(images: ListedImage[]): string {
  const header = ['NAME', 'STACK', 'SIZE', 'USED', 'SOURCE', 'CREATED', 'CONTAINERS'];
  const rows = images.map(({ name, stack, size, source, created_at, containers, ...state }) => [
    ...[name, stack, formatBytes(size), presence(state), source],
    ...[created_at?.slice(0, 19) ?? '-', String(containers.length)],
  ]);
  return renderTable(header, rows);
}

function presence({ used, unfinished }: Pick<ListedImage, 'used' | 'unfinished'>): string {
  if (unfinished) return 'unfinished';
  return used === null ? 'gone' : formatBytes(used);
}
