import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Context } from '../../app/context.js';
import { swarmOf } from '../../app/engine.js';
import type { LoggedEvent } from '../../model/events.js';
import { jsonText } from '../../model/printable.js';
import { followEvents, readEvents } from '../../state/events-log.js';
import { eventLine } from '../../view/tables.js';
import { addCommonOptions, count } from '../options.js';
import { print } from '../output.js';
import { openContext } from '../terminal.js';

interface Options {
  follow?: true;
  json?: true;
  lines?: number;
}

/** Milliseconds between two reads. */
const PAUSE = 500;

const EXAMPLES = `
Examples:
  baleine events -n 20
  baleine events -f --json`;

export function register(program: Command): void {
  const command = program
    .command('events')
    .description('show who changed which resource, when, why and how long it took')
    .option('-f, --follow', 'keep printing new events')
    .option('-n, --lines <n>', 'only the last n', count)
    .option('--json', 'one JSON object a line');
  addCommonOptions(command, { short: false }).addHelpText('after', EXAMPLES).action(run);
}

async function run({ follow, json, lines }: Options, command: Command): Promise<void> {
  const { paths } = await logOf(openContext(command));
  const show = (events: LoggedEvent[]) => {
    const texts = events.map((each) => (json ? jsonText(each) : eventLine(each)));
    if (texts.length > 0) print(`${texts.join('\n')}\n`);
  };
  const fresh = followEvents(paths);
  show(readEvents(paths, lines));
  while (follow) {
    await sleep(PAUSE);
    show(fresh());
  }
}

/** Each cluster has a log of its own. A file that cannot be read is no reason not to show that of this host. */
async function logOf(context: Context): Promise<Context> {
  const config = context.options.withoutFile
    ? undefined
    : await context.config().catch(() => undefined);
  return config?.engine === 'swarm' ? ((await swarmOf(context))?.swarm ?? context) : context;
}
