import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { Context } from '../../app/context.js';
import { blockOf, filesOf, withBlock, withoutBlock } from '../../cron/block.js';
import { stackComment } from '../../cron/find.js';
import { linesOf, scheduleOf } from '../../cron/lines.js';
import { type Crontab, openCrontab } from '../../host/linux/crontab.js';
import { UserError } from '../../model/errors.js';
import {
  crontabFiles,
  findDestroyed,
  forgetCrontab,
  forgetDestroyed,
  rememberCrontab,
} from '../../state/notebook.js';
import { addCommonOptions, duration } from '../options.js';
import { print } from '../output.js';
import { openContext } from '../terminal.js';

interface CronOptions {
  crontab?: string;
}

interface InstallOptions extends CronOptions {
  every: number;
}

const EXAMPLES = `
Examples:
  baleine cron install -f /srv/shop/baleine.yaml
  baleine cron install --every 5m
  baleine cron remove -f /srv/shop/baleine.yaml`;

export function register(program: Command): void {
  const cron = program
    .command('cron')
    .description('have root’s crontab heal a stack: install, show, remove')
    .addHelpText('after', EXAMPLES);
  const add = (name: string, description: string) =>
    addCommonOptions(cron.command(name).description(description))
      .addHelpText('after', EXAMPLES)
      .addOption(
        new Option('--crontab <file>', 'this file in place of crontab(1)’s, as for busybox crond'),
      );
  add('install', 'apply the stack now and then, and after a boot')
    .addOption(
      new Option('--every <duration>', 'how often').argParser(duration).default(60_000, '1m'),
    )
    .action((options: InstallOptions, self: Command) => install(openContext(self), options));
  add('show', 'print our lines of the crontab').action((options: CronOptions, self: Command) =>
    show(openContext(self), options),
  );
  add('remove', 'take the stack’s lines away').action((options: CronOptions, self: Command) =>
    remove(openContext(self), options),
  );
}

/** The file is read first: cron could only mail its mistakes. */
async function install(context: Context, { every, crontab: at }: InstallOptions): Promise<void> {
  const file = fileOf(context);
  const { name } = await context.config();
  const crontab = openCrontab(at);
  const lines = linesOf({
    schedule: scheduleOf(every),
    node: process.execPath,
    main: realpathSync(process.argv[1] ?? ''),
    root: context.site.root,
    file,
    atReboot: crontab.knowsReboot,
  });
  await change(crontab, (text) => withBlock(text, file, [stackComment(name), ...lines]));
  const path = at === undefined ? undefined : resolve(at);
  if (path !== undefined || findDestroyed(context.site.root, { stack: name, file })) {
    await withLock(context, async (root) => {
      if (path !== undefined) await rememberCrontab(root, file, path);
      // who wants cron to apply it wants it back
      await forgetDestroyed(root, { stack: name, file });
    });
  }
  print(`${file} is in the crontab:\n${lines.join('\n')}\n`);
}

async function show(_context: Context, { crontab: at }: CronOptions): Promise<void> {
  const text = await openCrontab(at).read();
  print(
    filesOf(text)
      .map((file) => blockOf(text, file))
      .join(''),
  );
}

async function remove(context: Context, { crontab: at }: CronOptions): Promise<void> {
  const file = fileOf(context);
  const changed = await change(openCrontab(at), (text) => withoutBlock(text, file));
  if (at !== undefined && crontabFiles(context.site.root).includes(resolve(at))) {
    await withLock(context, (root) => forgetCrontab(root, file, resolve(at)));
  }
  print(`${file} ${changed ? 'is no longer' : 'was not'} in the crontab\n`);
}

/** Milliseconds: a run of cron's may be at work. */
const PATIENCE = 60_000;

async function withLock(context: Context, work: (root: string) => Promise<void>): Promise<void> {
  const lock = await context.lock({ timeoutMs: PATIENCE });
  try {
    await work(context.site.root);
  } finally {
    lock.release({ removeIfEmpty: true });
  }
}

/** Writes only what differs. */
async function change(crontab: Crontab, edit: (text: string) => string): Promise<boolean> {
  const before = await crontab.read();
  const after = edit(before);
  if (after === before) return false;
  await crontab.write(after);
  return true;
}

/** Absolute: cron runs in another folder. */
function fileOf({ options: { file } }: Context): string {
  if (file !== '-') return resolve(file);
  throw new UserError('cannot have cron read standard input', 'Give the file with -f FILE.');
}
