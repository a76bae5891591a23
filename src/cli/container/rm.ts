import type { Command } from 'commander';
import type { Context } from '../../app/context.js';
import { applyChange } from '../../app/imperative/change.js';
import { imperativeRow, namedAddress } from '../../app/imperative/record.js';
import type { ContainerRow } from '../../app/lookup.js';
import type { ChangeOptions } from '../../app/options.js';
import type { Probe } from '../../host/ports.js';
import { kinds } from '../../kinds/index.js';
import { UserError } from '../../model/errors.js';
import { addChangeOptions } from '../options.js';
import { openContext } from '../terminal.js';

interface RemoveOptions extends ChangeOptions {
  force?: true;
}

export function registerRemove(family: Command): void {
  addChangeOptions(family.command('rm').argument('<name...>'))
    .description('destroy containers with their disks; volumes stay')
    .option('-f, --force', 'also one that runs')
    .addHelpText('after', '\nExample:\n  baleine container rm web')
    .action(async (names: string[], options: RemoveOptions, self: Command) => {
      process.exitCode = await remove(openContext(self), names, options);
    });
}

function remove(context: Context, names: string[], options: RemoveOptions): Promise<number> {
  const purpose = `remove container ${names.join(', ')}`;
  return applyChange(context, options, async (rows) => {
    const probe = options.force ? undefined : await context.probe();
    for (const name of names) {
      const row = imperativeRow(
        rows,
        'container',
        name,
        `remove container ${name}`,
      ) as ContainerRow;
      if (probe) refuseRunning(row, probe, context);
    }
    return { purpose, gone: names.map((name) => namedAddress('container', name, purpose)) };
  });
}

function refuseRunning({ name, spec, facts }: ContainerRow, probe: Probe, { site }: Context): void {
  if (!kinds.container.observe(spec, facts, probe, site)?.running) return;
  throw new UserError(
    `cannot remove container ${name}: it is running`,
    `baleine container stop ${name}, or --force`,
  );
}
