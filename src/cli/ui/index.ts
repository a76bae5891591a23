import { once } from 'node:events';
import { type Command, InvalidArgumentError } from 'commander';
import { ReadOnlyContext } from '../../app/context.js';
import { stackName } from '../../app/lookup.js';
import { messageOf, UserError } from '../../model/errors.js';
import { printable } from '../../model/printable.js';
import { type Sections, Watch } from '../../view/page/poller.js';
import { sectionsOf } from '../../view/page/sections/index.js';
import { serve } from '../../view/page/server.js';
import { addCommonOptions } from '../options.js';
import { print } from '../output.js';
import { openContext } from '../terminal.js';
import { pageSource } from './page-source.js';

interface Options {
  port: number;
  stack?: string;
}

const EXAMPLES = `
Examples:
  baleine ui
  ssh -L 7077:127.0.0.1:7077 HOST, to see the page of another host`;

export function register(program: Command): void {
  const command = program
    .command('ui')
    .description('serve a web page of the stack until Ctrl-C')
    .option('--port <n>', 'port on 127.0.0.1; 0 for any free one', portNumber, 7077)
    .option('--stack <name>', 'the stack, without its file');
  addCommonOptions(command)
    .addHelpText('after', EXAMPLES)
    .action((options: Options, self: Command) => show(openContext(self).options, options));
}

async function show(common: ReadOnlyContext['options'], options: Options): Promise<void> {
  if (common.file === '-' && options.stack === undefined) throw unreadable();
  const context = new ReadOnlyContext(common);
  const stack = await stackName(context, options.stack);
  const ended = Promise.race(['SIGINT', 'SIGTERM', 'SIGHUP'].map((name) => once(process, name)));
  const look = pageSource(context, stack, options.stack === undefined);
  const { port, close } = await serve(
    new Watch(telling(async () => sectionsOf(await look()))),
    options.port,
  );
  print(`http://127.0.0.1:${port}/  (Ctrl-C ends it)\n`);
  await ended;
  await close();
}

/** The page keeps its last state after a failed update, and shows the error. */
function telling(look: () => Promise<Sections>): () => Promise<Sections> {
  let last: Sections = {};
  return async () => {
    try {
      last = await look();
    } catch (error) {
      last = { ...last, alert: printable(messageOf(error)) };
    }
    return last;
  };
}

function unreadable(): UserError {
  const message = 'cannot show a stack from standard input: it is read again and again';
  return new UserError(message, 'Give the file with -f FILE.');
}

function portNumber(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65535) return Number(text);
  throw new InvalidArgumentError('A port is a number from 0 to 65535.');
}
