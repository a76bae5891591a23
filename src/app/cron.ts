import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { blockOf, filesOf, withBlock, withoutBlock } from '../cron/block.js';
import { stackComment } from '../cron/find.js';
import { linesOf, scheduleOf } from '../cron/lines.js';
import type { ProjectOptions } from '../formats/yaml/read-file.js';
import { type Crontab, openCrontab } from '../host/linux/crontab.js';
import { UserError } from '../model/errors.js';
import {
  clearDestroyed,
  crontabFiles,
  findDestroyed,
  recordCrontab,
  removeCrontab,
} from '../state/aux-tables.js';
import type { Context } from './context.js';
import { absolute } from './saved-plan.js';

interface CronOptions {
  /** A crontab file in place of crontab(1). */
  crontab?: string;
}

/**
 * Installs the lines that apply the stack regularly and after a boot. The file is read first: cron could
 * only mail its errors.
 *
 * @param every milliseconds
 */
export async function installCron(
  context: Context,
  { every, crontab: at }: CronOptions & { every: number },
): Promise<void> {
  const file = fileOf(context);
  const { name } = await context.config();
  const crontab = openCrontab(at);
  const lines = linesOf({
    schedule: scheduleOf(every),
    node: process.execPath,
    main: realpathSync(process.argv[1] ?? ''),
    root: context.paths.root,
    file,
    more: projectFlags(context.options.project),
    atReboot: crontab.knowsReboot,
  });
  await change(crontab, (text) => withBlock(text, file, [stackComment(name), ...lines]));
  const path = at === undefined ? undefined : resolve(at);
  if (path !== undefined || findDestroyed(context.paths.root, { stack: name, file })) {
    await withLock(context, async (root) => {
      if (path !== undefined) await recordCrontab(root, file, path);
      // a stack that cron applies no longer counts as destroyed
      await clearDestroyed(root, { stack: name, file });
    });
  }
  context.frontend.report(`${file} is in the crontab:\n${lines.join('\n')}\n`);
}

/** The options that give the same stack from any folder, and without this shell's variables. */
function projectFlags(project: ProjectOptions | undefined): string[] {
  if (!project) return [];
  const { overrides, name, directory, profiles = [], envFiles = [] } = absolute(project);
  const each = (flag: string, values: readonly string[]) =>
    values.flatMap((value) => [flag, value]);
  return [
    ...each('--file', overrides),
    ...each('--project-name', name === undefined ? [] : [name]),
    ...each('--project-directory', directory === undefined ? [] : [directory]),
    ...each('--profile', profiles),
    ...each('--env-file', envFiles),
  ];
}

/** Our lines of the crontab. */
export async function cronLines({ crontab: at }: CronOptions): Promise<string> {
  const text = await openCrontab(at).read();
  return filesOf(text)
    .map((file) => blockOf(text, file))
    .join('');
}

/** Removes the stack's lines. */
export async function removeCron(context: Context, { crontab: at }: CronOptions): Promise<void> {
  const file = fileOf(context);
  const changed = await change(openCrontab(at), (text) => withoutBlock(text, file));
  if (at !== undefined && crontabFiles(context.paths.root).includes(resolve(at))) {
    await withLock(context, (root) => removeCrontab(root, file, resolve(at)));
  }
  context.frontend.report(`${file} ${changed ? 'is no longer' : 'was not'} in the crontab\n`);
}

/** Milliseconds: a run from cron may hold the lock. */
const LOCK_TIMEOUT = 60_000;

async function withLock(context: Context, work: (root: string) => Promise<void>): Promise<void> {
  const lock = await context.lock({ timeoutMs: LOCK_TIMEOUT });
  try {
    await work(context.paths.root);
  } finally {
    lock.release({ removeIfEmpty: true });
  }
}

/** Writes only a difference. */
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
