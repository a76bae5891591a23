import type { Command } from 'commander';
import { importResource } from '../../app/import.js';
import type { LockOptions } from '../../app/options.js';
import { addCommonOptions, addLockOptions } from '../options.js';
import { openContext } from '../terminal.js';

const EXAMPLES = `
ID is the name of a bridge's interface, a volume's folder (it is moved), an image's
or a container's disk file (it is copied). Default: the one at the usual place.

Examples:
  baleine import bridge.lan br0
  baleine import volume.data /srv/old-data
  baleine import image.base ./base.img
  baleine import container.db ./db-disk.img`;

export function register(program: Command): void {
  const command = program
    .command('import')
    .description('record a resource that exists on the host, as declared in the file')
    .argument('<address>', 'as in the file: bridge.lan')
    .argument('[id]', 'the existing one on the host');
  addLockOptions(addCommonOptions(command))
    .addHelpText('after', EXAMPLES)
    .action(
      async (address: string, id: string | undefined, options: LockOptions, self: Command) => {
        process.exitCode = (await importResource(openContext(self), address, id, options)) ?? 0;
      },
    );
}
