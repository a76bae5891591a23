import { type Command, Option } from 'commander';
import { checkBackups, listBackups } from '../../app/backup/list.js';
import { type RestoreBackupOptions, restoreBackup } from '../../app/backup/restore.js';
import { type BackupOptions, backUp } from '../../app/backup/run.js';
import { renderTable } from '../../view/tables.js';
import { addCommonOptions, duration } from '../options.js';
import { print, printJson } from '../output.js';
import { openContext } from '../terminal.js';

interface StackOption {
  stack?: string;
}

export function register(program: Command): void {
  const family = program
    .command('backup')
    .description('back up volumes with restic, list backups, restore and check them');
  registerRun(family);
  registerList(family);
  registerRestore(family);
  registerCheck(family);
}

const addStack = (command: Command) =>
  addCommonOptions(command).option('--stack <name>', 'the stack, without its file');

const addLock = (command: Command) =>
  command.option('--lock-timeout <duration>', 'wait for another baleine (default 10s)', duration);

function registerRun(family: Command): void {
  const command = family
    .command('run')
    .argument('[name...]', 'volumes; default: all of the stack with a repository')
    .description('back volumes up now; containers wait only while a volume is copied')
    .option('--init', 'make the repository again if it is gone')
    .option('--json', 'one JSON object a volume')
    .addOption(new Option('--due', 'as the schedule asks for it').hideHelp());
  addLock(addStack(command))
    .addHelpText('after', '\nExample:\n  baleine backup run data')
    .action(async (names: string[], options: BackupOptions, self: Command) => {
      process.exitCode = await backUp(openContext(self), names, options);
    });
}

function registerList(family: Command): void {
  const command = family
    .command('list')
    .alias('ls')
    .argument('[name...]', 'volumes; default: all of the stack with a repository')
    .description('list the backups that the repositories have, of all hosts')
    .option('--json', 'one JSON array');
  addStack(command)
    .addHelpText('after', '\nExample:\n  baleine backup list data')
    .action(async (names: string[], options: StackOption & { json?: true }, self: Command) => {
      const found = await listBackups(openContext(self), names, options.stack);
      if (options.json) return printJson(found);
      const cells = found.map(({ volume, id, at, host }) => [
        ...[volume, id, at.replace(/\.\d+/, ''), host],
      ]);
      return print(renderTable(['VOLUME', 'ID', 'TAKEN', 'HOST'], cells));
    });
}

function registerRestore(family: Command): void {
  const command = family
    .command('restore')
    .argument('<name>')
    .argument('[id]', 'of the backup; default: the last one of this host')
    .description('make a volume what it was at a backup; what it is now becomes a snapshot')
    .option('--as <new>', 'make a new volume of it instead, which belongs to no stack')
    .option('--host <name>', 'the last one of this host')
    .option('--json', 'one JSON object');
  addLock(addStack(command))
    .addHelpText('after', '\nExample:\n  baleine backup restore data --as data-old')
    .action(
      async (
        name: string,
        id: string | undefined,
        options: RestoreBackupOptions,
        self: Command,
      ) => {
        process.exitCode = await restoreBackup(openContext(self), name, id, options);
      },
    );
}

function registerCheck(family: Command): void {
  const command = family
    .command('check')
    .argument('[name...]', 'volumes; default: all of the stack with a repository')
    .description('check the repositories of volumes')
    .option('--read-data', 'also read all that is in them');
  addStack(command)
    .addHelpText('after', '\nExample:\n  baleine backup check --read-data')
    .action(async (names: string[], options: StackOption & { readData?: true }, self: Command) => {
      const { stack, readData = false } = options;
      const how = { data: readData, ...(stack !== undefined && { stack }) };
      for (const each of await checkBackups(openContext(self), names, how)) {
        print(`${each}: no errors\n`);
      }
    });
}
