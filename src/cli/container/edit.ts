import type { Command } from 'commander';
import { addToContainer, createContainer, removeContainers } from '../../app/container/edit.js';
import { renameContainer } from '../../app/container/rename.js';
import type { ChangeOptions } from '../../app/options.js';
import { type PruneOptions, prune } from '../../app/prune.js';
import { addChangeOptions, addPruneOptions } from '../options.js';
import { openContext } from '../terminal.js';
import {
  addBridgeOptions,
  addLimitOptions,
  addWordOptions,
  attachments,
  type BridgeOptions,
  containerWords,
  externals,
  type LimitOptions,
  limitWords,
  type WordOptions,
} from './flags.js';

interface CreateOptions extends ChangeOptions, WordOptions {
  start?: true;
}

const CREATE_EXAMPLES = `
Examples:
  baleine image create base --size 64M --from-host /bin/busybox
  baleine network create front --subnet 10.77.1.0/24 --host 10.77.1.1
  baleine container create web --image base --bridge front=10.77.1.10 --memory 64M --start -- busybox httpd -f
  baleine container create db --image base --bridge front -v data:/var/lib/db -e MODE=prod -- busybox sleep 1d`;

export function registerCreate(family: Command): void {
  const command = family
    .command('create')
    .description('create a container on its own copy of an image')
    .argument('<name>')
    .argument('[command...]', 'its command, after --; default: the image’s');
  addWordOptions(addChangeOptions(command))
    .option('--start', 'start it')
    .addHelpText('after', CREATE_EXAMPLES)
    .action(async (name: string, args: string[], options: CreateOptions, self: Command) => {
      process.exitCode = await createContainer(openContext(self), name, options, (rows, purpose) =>
        containerWords(name, args, options, rows, purpose),
      );
    });
}

interface AddOptions extends ChangeOptions, LimitOptions, BridgeOptions {}

const ADD_EXAMPLES = `
Examples:
  baleine container add web --bridge back=10.77.2.10
  baleine container add web --memory 128M --cpus 0.5`;

export function registerAdd(family: Command): void {
  const command = family
    .command('add')
    .description('add a bridge or a limit to a container, without a restart')
    .argument('<name>');
  addBridgeOptions(addLimitOptions(addChangeOptions(command)))
    .addHelpText('after', ADD_EXAMPLES)
    .action(async (name: string, options: AddOptions, self: Command) => {
      process.exitCode = await addToContainer(
        openContext(self),
        name,
        {
          limits: limitWords(options),
          attachments: attachments(options, `add to container ${name}`) as Record<string, object>,
          bridgesOf: externals,
        },
        options,
      );
    });
}

export function registerRename(family: Command): void {
  addChangeOptions(family.command('rename').argument('<name>').argument('<new-name>'))
    .description('rename a stopped container')
    .addHelpText('after', '\nExample:\n  baleine container rename web web-old')
    .action(async (name: string, to: string, options: ChangeOptions, self: Command) => {
      process.exitCode = await renameContainer(openContext(self), name, to, options);
    });
}

interface RemoveOptions extends ChangeOptions {
  force?: true;
}

export function registerRemove(family: Command): void {
  addChangeOptions(family.command('rm').argument('<name...>'))
    .description('destroy containers with their disks and checkpoints; volumes stay')
    .option('-f, --force', 'also running containers')
    .addHelpText('after', '\nExample:\n  baleine container rm web')
    .action(async (names: string[], options: RemoveOptions, self: Command) => {
      process.exitCode = await removeContainers(openContext(self), names, options);
    });
}

export function registerPrune(family: Command): void {
  addPruneOptions(family.command('prune'))
    .description('remove containers that do not run, with their disks; volumes stay')
    .addHelpText('after', '\nExample:\n  baleine container prune')
    .action(async (options: PruneOptions, self: Command) => {
      process.exitCode = await prune(openContext(self), ['container'], options);
    });
}
