import { resolve } from 'node:path';
import type { Command } from 'commander';
import { forgetFailure } from '../state/failure-memory.js';
import { type Context, openContext } from './context.js';
import { planDestroy } from './make-plan.js';
import { addCommonOptions } from './options.js';
import { propose, withStore } from './run.js';
import { addRunOptions, type RunOptions } from './run-options.js';
import { stackName } from './stack-name.js';
import { addWishOptions, type WishOptions, wishesOf } from './wishes.js';

interface DestroyOptions extends WishOptions, RunOptions {
  stack?: string;
}

const EXAMPLES = `
Examples:
  baleine destroy
  baleine destroy --stack shop -y`;

export function register(program: Command): void {
  const command = program
    .command('destroy')
    .description('take away all that is on record of the stack')
    .option('--stack <name>', 'the stack, when its file is gone');
  addWishOptions(addRunOptions(addCommonOptions(command)), { replace: false })
    .addHelpText('after', EXAMPLES)
    .action(async (options: DestroyOptions, self: Command) => {
      const context = openContext(self);
      process.exitCode = (await destroyStack(context, options)) ?? 0;
      if (process.exitCode === 0) forgetFailure(context.site, resolve(context.options.file));
    });
}

async function destroyStack(
  context: Context,
  options: DestroyOptions,
): Promise<number | undefined> {
  const stack = await stackName(context, options.stack);
  return withStore(context, options, async (store) => {
    const plan = await planDestroy(context, stack, store.rows, wishesOf(options));
    return propose(context, plan, store, options, true);
  });
}
