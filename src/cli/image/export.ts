import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { exportImage, pushImage } from '../../app/images.js';
import type { ChangeOptions } from '../../app/options.js';
import type { ExportFormat } from '../../host/ports.js';
import { addChangeOptions } from '../options.js';
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

export function registerPush(family: Command): void {
  addChangeOptions(family.command('push').argument('<name>').argument('<reference>'))
    .description('copy an image to a registry')
    .addHelpText(
      'after',
      '\nFor images of a stack there is also baleine push.\n\nExample:\n  baleine image push app:1.2 registry.example:5000/team/app:1.2',
    )
    .action(async (name: string, reference: string, options: ChangeOptions, self: Command) => {
      process.exitCode = await pushImage(openContext(self), name, reference, options);
    });
}

export function registerExport(family: Command): void {
  addChangeOptions(family.command('export').argument('<name>').argument('<file>'))
    .description('write an image for other tools')
    .addOption(
      new Option('--format <format>', 'for docker load, an OCI layout, or only the files')
        .choices(FORMATS)
        .default('docker'),
    )
    .option('--reference <name>', 'its name and tag in the export; default: NAME:latest')
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, file: string, options: ExportOptions, self: Command) => {
      process.exitCode = await exportImage(openContext(self), name, resolve(file), options);
    });
}
