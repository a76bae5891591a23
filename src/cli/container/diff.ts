import type { Command } from 'commander';
import { type DiskChange, diffContainer } from '../../app/container/diff.js';
import { findContainers, type StackScope, scopedStack } from '../../app/lookup.js';
import { printable } from '../../model/printable.js';
import { addScopeOptions, duration } from '../options.js';
import { print, printJson } from '../output.js';
import { openContext } from '../terminal.js';

interface Options {
  stack?: string;
  json?: true;
  timeout?: number;
}

/** Milliseconds. */
const LIMIT = 60_000;

export function registerDiff(parent: Command, scope: StackScope): void {
  const command = parent
    .command('diff')
    .description('show what a container has added (A), changed (C) and deleted (D) on its disk')
    .argument('<name>', 'the container')
    .option('--json', 'one JSON object a line')
    .option('--timeout <duration>', 'maximum time (default 60s)', duration);
  addScopeOptions(command, scope)
    .addHelpText('after', '\nExample:\n  baleine container diff web')
    .action(async (name: string, options: Options, self: Command) => {
      const context = openContext(self);
      const stack = await scopedStack(context, options.stack, scope, [name]);
      const [row] = findContainers(context.state().rows, stack, [name], 'compare');
      const show = ({ kind, path }: DiskChange) =>
        options.json ? printJson({ kind, path }) : print(`${kind} ${printable(path)}\n`);
      if (row) await diffContainer(context, row, options.timeout ?? LIMIT, show);
    });
}
