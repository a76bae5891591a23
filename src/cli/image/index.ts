import type { Command } from 'commander';
import type { Context } from '../../app/context.js';
import { applyChange } from '../../app/imperative/change.js';
import {
  imperativeRow,
  namedAddress,
  refuseUsed,
  rowsOf,
  usableRow,
} from '../../app/imperative/record.js';
import type { ChangeOptions } from '../../app/options.js';
import { dropArchives } from '../../host/linux/images/built-archives.js';
import { IMPERATIVE_STACK } from '../../model/address.js';
import { addChangeOptions, addSiteOptions } from '../options.js';
import { print, printJson, printOne } from '../output.js';
import { openContext } from '../terminal.js';
import { registerCreate, registerImport } from './create.js';
import { registerExport } from './export.js';
import { describeImages, imageTable, usersOf } from './list.js';

export function register(program: Command): void {
  const family = program.command('image').description('images made by hand');
  registerCreate(family);
  registerImport(family);
  registerExport(family);
  registerList(family);
  addSiteOptions(family.command('inspect').argument('<name...>'))
    .description('all that is known of images, as JSON')
    .option('--json', 'on one line')
    .addHelpText('after', '\nExample:\n  baleine image inspect base')
    .action((names: string[], options: { json?: true }, self: Command) =>
      inspect(openContext(self), names, options),
    );
  addChangeOptions(family.command('rm').argument('<name...>'))
    .description('remove images that no container uses')
    .addHelpText('after', '\nExample:\n  baleine image rm base')
    .action(async (names: string[], options: ChangeOptions, self: Command) => {
      process.exitCode = await remove(openContext(self), names, options);
    });
  addChangeOptions(family.command('prune'))
    .description('remove every image made by hand that nothing uses, and builds that wait')
    .addHelpText('after', '\nExample:\n  baleine image prune')
    .action(async (options: ChangeOptions, self: Command) => {
      process.exitCode = await prune(openContext(self), options);
    });
}

function registerList(family: Command): void {
  addSiteOptions(family.command('list'))
    .alias('ls')
    .description('list images, of files too')
    .option('--json', 'one JSON array')
    .option('-q, --quiet', 'names only')
    .addHelpText('after', '\nExample:\n  baleine image list')
    .action(async (options: { json?: true; quiet?: true }, self: Command) => {
      const context = openContext(self);
      const images = describeImages(context.state().rows, await context.probe(), context.site);
      if (options.json) return printJson(images);
      print(options.quiet ? images.map(({ name }) => `${name}\n`).join('') : imageTable(images));
    });
}

function inspect(context: Context, names: string[], { json }: { json?: true }): void {
  const { rows } = context.state();
  const found = names.map((name) => {
    const { stack, spec, facts } = usableRow(rows, 'image', name, `inspect image ${name}`);
    const users = usersOf(rows, spec.id, context.site).map((row) => `${row.stack}.${row.name}`);
    return { name, stack, ...facts, ...spec, users };
  });
  printOne(found, json === true);
}

function remove(context: Context, names: string[], options: ChangeOptions): Promise<number> {
  const purpose = `remove image ${names.join(', ')}`;
  return applyChange(context, options, (rows) => {
    for (const name of names) {
      const { spec } = imperativeRow(rows, 'image', name, `remove image ${name}`);
      refuseUsed(`remove image ${name}`, usersOf(rows, spec.id, context.site));
    }
    return { purpose, gone: names.map((name) => namedAddress('image', name, purpose)) };
  });
}

/** What was built and not applied goes too. */
async function prune(context: Context, options: ChangeOptions): Promise<number> {
  const code = await removeUnused(context, options);
  dropArchives(context.site);
  return code;
}

/** Again and again, for what an image was made from may be free when that image is gone. */
function removeUnused(context: Context, options: ChangeOptions): Promise<number> {
  return applyChange(context, options, (rows) => {
    const gone = new Set<string>();
    const left = () => rows.filter(({ name, kind }) => kind !== 'image' || !gone.has(name));
    const unused = () =>
      rowsOf(left(), 'image').filter(
        ({ stack, spec }) =>
          stack === IMPERATIVE_STACK && usersOf(left(), spec.id, context.site).length === 0,
      );
    for (let next = unused(); next.length > 0; next = unused()) {
      for (const { name } of next) gone.add(name);
    }
    const purpose = 'prune images';
    return { purpose, gone: [...gone].map((name) => namedAddress('image', name, purpose)) };
  });
}
