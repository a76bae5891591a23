import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { Context } from '../../app/context.js';
import { withStoreOrWait } from '../../app/imperative/change.js';
import { completeRow } from '../../app/imperative/record.js';
import type { ChangeOptions } from '../../app/options.js';
import type { ExportFormat } from '../../host/ports.js';
import { originalOf } from '../../model/image-version.js';
import { imageFile } from '../../model/install-paths.js';
import { equal } from '../../model/json.js';
import type { ImageSpec } from '../../model/specs.js';
import { addChangeOptions } from '../options.js';
import { print, printJson } from '../output.js';
import { openContext } from '../terminal.js';

interface ExportOptions extends ChangeOptions {
  format: ExportFormat;
  reference?: string;
}

const FORMATS: ExportFormat[] = ['docker', 'oci', 'oci-folder', 'tar'];

const EXAMPLES = `
Examples:
  baleine image export base base.tar && docker load -i base.tar
  baleine image export base base-oci --format oci-folder`;

export function registerExport(family: Command): void {
  addChangeOptions(family.command('export').argument('<name>').argument('<file>'))
    .description('write an image for other tools')
    .addOption(
      new Option('--format <format>', 'for docker load, as an OCI layout, or the files alone')
        .choices(FORMATS)
        .default('docker'),
    )
    .option('--reference <name>', 'the name and tag it bears there; default: NAME:latest')
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, file: string, options: ExportOptions, self: Command) => {
      process.exitCode = await exportTo(openContext(self), name, resolve(file), options);
    });
}

/** With the lock held, so that nobody builds it anew meanwhile. */
function exportTo(
  context: Context,
  name: string,
  file: string,
  options: ExportOptions,
): Promise<number> {
  const { format, reference = `${name}:latest`, json } = options;
  return withStoreOrWait(context, options, async ({ rows }) => {
    const { spec, facts } = completeRow(rows, 'image', name, `export image ${name}`);
    const { images } = await context.host();
    const original = originalOf(spec);
    const what = {
      source: { file: imageFile(context.site, spec.id) },
      config: spec.config,
      ...(original && { original }),
      reference,
      created: createdAt(spec) ?? String(facts.created_at ?? new Date(0).toISOString()),
    };
    await context.undoable(() => images.export(what, file, format));
    if (json) printJson({ image: name, file, format, reference });
    else print(`image.${name} exported to ${file}\n`);
    return 0;
  });
}

/** An image of which nothing was changed is as old as it came. */
function createdAt({ origin, copy, run, config }: ImageSpec): string | undefined {
  const created = origin?.original?.image.created;
  const isUnchanged = copy.length === 0 && run.length === 0 && equal(config, origin?.config);
  return isUnchanged && typeof created === 'string' ? created : undefined;
}
