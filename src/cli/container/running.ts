import type { Command } from 'commander';
import { killContainers, processesOf, waitForContainers } from '../../app/container/running.js';
import { describeContainers } from '../../app/container-list.js';
import type { Context } from '../../app/context.js';
import {
  type ContainerRow,
  findContainers,
  type StackScope,
  scopedStack,
  selectContainers,
} from '../../app/lookup.js';
import { formatBytes } from '../../model/format.js';
import { renderTable } from '../../view/tables.js';
import { addScopeOptions } from '../options.js';
import { print, printJson, printOne } from '../output.js';
import { openContext } from '../terminal.js';

export interface NamedOptions {
  stack?: string;
  json?: true;
}

/**
 * A verb for one or several containers that leaves the state alone; `nameless`: for all of the stack
 * where none is named; `services`: a service or farm stands for its containers.
 */
export function registerNamed<Options extends NamedOptions>(
  parent: Command,
  scope: StackScope,
  verb: string,
  describe: (command: Command) => Command,
  act: (context: Context, rows: ContainerRow[], options: Options) => Promise<void>,
  { nameless = false, services = nameless }: { nameless?: boolean; services?: boolean } = {},
): void {
  const argument = nameless ? '[name...]' : '<name...>';
  const command = describe(parent.command(verb).argument(argument));
  const find = services ? selectContainers : findContainers;
  const family = scope === 'imperative' ? 'container ' : '';
  addScopeOptions(command, scope)
    .addHelpText('after', `\nExample:\n  baleine ${family}${verb} web`)
    .action(async (names: string[], options: Options, self: Command) => {
      const context = openContext(self);
      const stack = await scopedStack(context, options.stack, scope, names);
      await act(context, find(context.state().rows, stack, names, verb), options);
    });
}

/** `--json` for a verb that otherwise prints nothing. */
export const addJson = (command: Command) =>
  command.option('--json', 'one JSON object a container');

/** With `--json`, prints a line for each container once it is done. */
export async function printEach(
  action: string,
  done: AsyncIterable<ContainerRow>,
  { json }: NamedOptions,
): Promise<void> {
  for await (const { name, stack } of done) if (json) printJson({ action, name, stack });
}

interface KillOptions extends NamedOptions {
  signal: string;
}

export function registerKill(parent: Command, scope: StackScope = 'file'): void {
  const describe = (command: Command) =>
    addJson(command)
      .description('send a signal to the first process of containers')
      .option('-s, --signal <signal>', 'by name or number', 'SIGKILL');
  registerNamed<KillOptions>(parent, scope, 'kill', describe, (context, rows, options) =>
    printEach('kill', killContainers(context, rows, options.signal), options),
  );
}

/** As with Compose, the exit code is the last one's, where the scope is a file. */
export function registerWait(parent: Command, scope: StackScope = 'file'): void {
  const ofFile = scope === 'file';
  const describe = (command: Command) =>
    addJson(command).description(
      `wait until containers have ended, and print their exit codes${ofFile ? '; exit with the last' : ''}`,
    );
  const wait = async (context: Context, rows: ContainerRow[], { json }: NamedOptions) => {
    for await (const { row, code } of waitForContainers(context, rows)) {
      const { name, stack } = row;
      if (json) printJson({ action: 'wait', name, stack, code });
      else print(`${code}\n`);
      if (ofFile) process.exitCode = code;
    }
  };
  registerNamed(parent, scope, 'wait', describe, wait, { services: ofFile });
}

export function registerTop(parent: Command, scope: StackScope = 'file'): void {
  const describe = (command: Command) =>
    command
      .description('show the processes of containers; without a name, of all that run')
      .option('--json', 'one JSON array');
  const show = async (context: Context, rows: ContainerRow[], { json }: NamedOptions) => {
    const listed = await processesOf(context, rows, { all: rows.length === 1 });
    if (json) return printJson(listed);
    const cells = listed.map(({ name, pid, inside, uid, state, rss, command }) => [
      ...[name, String(pid), String(inside), String(uid), state, formatBytes(rss), command],
    ]);
    print(renderTable(['NAME', 'PID', 'INSIDE', 'UID', 'STATE', 'MEMORY', 'COMMAND'], cells));
  };
  registerNamed(parent, scope, 'top', describe, show, { nameless: true });
}

export function registerInspect(parent: Command, scope: StackScope = 'file'): void {
  const describe = (command: Command) =>
    command.description('show details of containers as JSON').option('--json', 'on one line');
  registerNamed(parent, scope, 'inspect', describe, async (context, rows, { json }) => {
    const probe = await context.probe();
    const found = rows.map((row) => {
      const { spec, facts, needs, protect } = row;
      const [listed] = describeContainers([row], probe, context.paths);
      return { ...listed, ...facts, spec, needs, protect };
    });
    printOne(found, json === true);
  });
}
