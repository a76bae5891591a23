import type { Command } from 'commander';
import type { StackScope } from '../../app/lookup.js';
import { UserError } from '../../model/errors.js';
import { formatBytes } from '../../model/format.js';
import { renderTable } from '../../view/table.js';
import { print, printJson } from '../output.js';
import { type NamedOptions, registerNamed } from './running.js';

interface Options extends NamedOptions {
  json?: true;
}

export function register(parent: Command, scope: StackScope = 'file'): void {
  const describe = (command: Command) =>
    command.description('show what runs in containers').option('--json', 'one JSON array');
  registerNamed<Options>(parent, scope, 'top', describe, async ({ site }, rows, { json }) => {
    const { processesOf } = await import('../../host/linux/process/process-list.js');
    const listed = rows.flatMap(({ name, spec }) => {
      const found = processesOf(site, spec.id).map((each) => ({ name, ...each }));
      if (found.length > 0) return found;
      throw new UserError(`cannot look into container ${name}: it is not running`);
    });
    if (json) return printJson(listed);
    const cells = listed.map(({ name, pid, inside, uid, state, rss, command }) => [
      ...[name, String(pid), String(inside), String(uid), state, formatBytes(rss), command],
    ]);
    print(renderTable(['NAME', 'PID', 'INSIDE', 'UID', 'STATE', 'MEMORY', 'COMMAND'], cells));
  });
}
