import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { filesOf, withoutBlock } from '../cron/block.js';
import { type Block, blocksOf, otherLines } from '../cron/find.js';
import { type Crontab, hasCrontabProgram, hostTables, openCrontab } from '../host/linux/crontab.js';
import { messageOf } from '../model/errors.js';
import type { Warning } from '../model/plan.js';
import {
  crontabFiles,
  recordDestroyed,
  removeCrontab,
  type StackFile,
} from '../state/aux-tables.js';
import { resolveRoot } from '../state/installation.js';
import type { Store } from '../state/store.js';
import type { Context } from './context.js';
import { readConfig } from './read-config.js';

/** The cron schedules of a stack. */
export interface Schedules {
  /** Blocks that baleine wrote, and `destroy` removes. */
  blocks: { table: Table; file: string }[];
  /** Other lines, which `destroy` leaves alone, each as `/etc/cron.d/shop:3: * * * * * root baleine …`. */
  others: string[];
}

interface Table {
  /** Name for messages. */
  name: string;
  text: string;
  crontab: Crontab;
  /** Its path, if `cron install --crontab` named it. */
  path?: string;
}

export async function findSchedules(context: Context, stack: string): Promise<Schedules> {
  const tables = await ownTables(context);
  const blocks: Schedules['blocks'] = [];
  for (const table of tables) {
    for (const block of blocksOf(table.text)) {
      if (await belongsTo(block, context, stack)) blocks.push({ table, file: block.file });
    }
  }
  const files = [...pathsOf(context), ...blocks.map(({ file }) => file)];
  const rest = hostTables().filter(({ path }) => !tables.some((table) => table.path === path));
  const all = [...tables.map(({ name, text }) => ({ path: name, text })), ...rest];
  const others = all.flatMap(({ path, text }) => [
    ...otherLines(text, files, stack).map((each) => `${path}:${each.line}: ${each.text}`),
  ]);
  // a block of baleine in a table of someone else
  const foreign = rest.flatMap(({ path, text }) =>
    filesOf(text)
      .filter((file) => files.includes(file))
      .map((file) => `${path}: the lines of ${file}`),
  );
  return { blocks, others: [...foreign, ...others] };
}

/** Removes the blocks; returns errors. */
async function removeSchedules(
  { paths: { root } }: Context,
  { blocks }: Schedules,
): Promise<string[]> {
  const problems: string[] = [];
  for (const { table, file } of blocks) {
    try {
      await table.crontab.write(withoutBlock(await table.crontab.read(), file));
      if (table.path !== undefined) await removeCrontab(root, file, table.path);
    } catch (error) {
      problems.push(`cannot remove the lines of ${file} from ${table.name}: ${messageOf(error)}`);
    }
  }
  return problems;
}

/** Warnings before a stack is destroyed; empty without schedules. */
export function scheduleWarnings({ blocks, others }: Schedules): Warning[] {
  const lines = [
    ...blocks.map(({ table, file }) => `the lines of ${file} go from ${table.name}`),
    ...others.map((each) => `not removed, for baleine did not write it: ${each}`),
    ...(others.length > 0 ? [LEFT] : []),
  ];
  return lines.map((text) => ({ text }));
}

const LEFT =
  'what is left there will not bring the stack back; only a person who runs `baleine apply` does';

/** Root's crontab, and files that `cron install --crontab` named. */
async function ownTables({ paths }: Context): Promise<Table[]> {
  const tables: Table[] = [];
  const add = async (name: string, path?: string) => {
    const crontab = openCrontab(path);
    const text = await crontab.read().catch(() => '');
    tables.push({ name, text, crontab, ...(path !== undefined && { path }) });
  };
  if (hasCrontabProgram()) await add('root’s crontab');
  for (const path of new Set(['/etc/crontabs/root', ...crontabFiles(paths.root)])) {
    await add(path, path);
  }
  return tables;
}

/** The file of the command line, as written and with links resolved. */
function pathsOf({ options: { file } }: Context): string[] {
  if (file === '-') return [];
  const path = resolve(file);
  try {
    return [...new Set([path, realpathSync(path)])];
  } catch {
    return [path];
  }
}

async function belongsTo(block: Block, context: Context, stack: string): Promise<boolean> {
  if (block.root === undefined || resolveRoot(block.root) !== context.paths.root) return false;
  if (block.stack !== undefined) return block.stack === stack;
  const config = await readConfig(block.file).catch(() => undefined);
  return config ? config.name === stack : pathsOf(context).includes(block.file);
}

/**
 * Makes sure that no schedule recreates the stack. It runs before anything is destroyed, because cron
 * may start at any time and waits for the lock. A failure does not stop the destroy.
 */
export async function stopSchedules(
  context: Context,
  which: StackFile,
  schedules: Schedules,
  { rows }: Store,
): Promise<void> {
  const isApplied = rows.some(({ stack }) => stack === which.stack);
  const isScheduled = schedules.blocks.length + schedules.others.length > 0;
  if (isApplied || isScheduled) {
    await recordDestroyed(context.paths.root, which).catch((error: unknown) =>
      warn(context, `cannot note that stack ${which.stack} was destroyed: ${messageOf(error)}`),
    );
  }
  for (const problem of await removeSchedules(context, schedules)) warn(context, problem);
}

/** Warns on standard error, with every view. */
export function warn({ frontend }: Context, text: string): void {
  frontend.warn(`Warning: ${text}\n`);
}
