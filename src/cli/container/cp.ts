import { posix } from 'node:path';
import type { Command } from 'commander';
import type { Context } from '../../app/context.js';
import { withStoreOrWait } from '../../app/imperative/change.js';
import {
  type ContainerRow,
  findContainers,
  type StackScope,
  scopedStack,
} from '../../app/lookup.js';
import type { ChangeOptions } from '../../app/options.js';
import {
  asBytes,
  type BytePath,
  byteArgument,
  bytePath,
  shown,
} from '../../host/linux/files/open-folder.js';
import { UserError } from '../../model/errors.js';
import { stagingNotesDir } from '../../model/install-paths.js';
import { addScopeOptions } from '../options.js';
import { printJson } from '../output.js';
import { openContext } from '../terminal.js';
import { withFrozenDisk } from './with-frozen.js';

interface Options extends ChangeOptions {
  stack?: string;
}

export function register(parent: Command, scope: StackScope = 'file'): void {
  const command = parent
    .command('cp')
    .description('copy files into a container or out of it, whether it runs or not')
    .argument('<from>', 'a path of the host, or NAME:PATH')
    .argument('<to>', 'the other one')
    .option('--json', 'say what was copied, as a JSON object');
  const family = scope === 'imperative' ? 'container ' : '';
  addScopeOptions(command, scope)
    .addHelpText('after', `\nExample:\n  baleine ${family}cp ./site web:/srv/www`)
    .action(async (from: string, to: string, options: Options, self: Command) => {
      const context = openContext(self);
      const stack = await scopedStack(context, options.stack, scope);
      process.exitCode = await copy(context, stack, from, to, options);
    });
}

async function copy(
  context: Context,
  stack: string,
  from: string,
  to: string,
  options: Options,
): Promise<number> {
  const [source, target] = [insideOf(byteArgument(from)), insideOf(byteArgument(to))];
  const inside = source ?? target;
  if (!inside || (source && target)) {
    throw new UserError(
      `cannot copy ${from} to ${to}: one of the two must be NAME:PATH`,
      'A path of the host with a colon in it begins with / or ./',
    );
  }
  let rest: (() => Promise<void>) | undefined;
  const code = await withStoreOrWait(context, options, async ({ rows }) => {
    const [row] = findContainers(rows, stack, [inside.name], 'copy to or from');
    if (!row) return 1;
    if (source) rest = await copyFrom(context, row, source.path, byteArgument(to));
    else await copyTo(context, row, byteArgument(from), inside.path);
    return 0;
  });
  await rest?.();
  if (options.json) printJson({ action: 'cp', name: inside.name, stack, from, to });
  return code;
}

async function copyTo(context: Context, row: ContainerRow, from: BytePath, to: BytePath) {
  const { copyInto } = await import('../../host/linux/rootfs/copy-in.js');
  await withFrozenDisk(context, row, 'cp', (tree) => {
    refuseMounted(row, to);
    return copyInto(from, bytePath(tree), to, {
      owner: '0:0',
      notes: stagingNotesDir(context.site),
    });
  });
}

async function copyFrom(context: Context, row: ContainerRow, from: BytePath, to: BytePath) {
  const { copyOut } = await import('../../host/linux/rootfs/copy-out.js');
  return withFrozenDisk(context, row, 'cp', (tree) => {
    refuseMounted(row, from);
    return copyOut(context.site, bytePath(tree), from, to);
  });
}

/** `web:/srv`; undefined for a path of the host. */
function insideOf(argument: BytePath): { name: string; path: BytePath } | undefined {
  const [, name, path] = /^([^/.][^/:]*):(.*)$/s.exec(argument) ?? [];
  return name === undefined || path === undefined
    ? undefined
    : { name: shown(asBytes(name)), path: asBytes(posix.join('/', path)) };
}

/** What is mounted over the disk is not on it. */
function refuseMounted({ name, spec }: ContainerRow, bytes: BytePath): void {
  const path = shown(bytes);
  const mounts = [...spec.mounts.map((each) => [each.target, each.source] as const)];
  const others = ['/proc', '/sys', '/dev', ...spec.tmpfs].map((each) => [each, undefined] as const);
  for (const [target, source] of [...mounts, ...others]) {
    if (!`${path}/`.startsWith(`${posix.join('/', target)}/`)) continue;
    throw new UserError(
      `cannot copy ${name}:${path}: ${target} is not on its disk`,
      source && `It is ${source} on the host.`,
    );
  }
}
