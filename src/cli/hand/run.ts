import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { UserError } from '../../model/errors.js';
import { diskFile, netnsName, rootfsDir } from '../../model/site.js';
import type { ContainerSpec } from '../../model/specs.js';
import { type Context, openContext } from '../context.js';
import { addSiteOptions } from '../options.js';
import { type Change, changeByHand } from './change.js';
import { addWordOptions, containerWords, type WordOptions } from './container-words.js';
import { namedAddress, ownRow, refuseExisting } from './record.js';

interface RunOptions extends Omit<WordOptions, 'image' | 'restart'> {
  name?: string;
  interactive?: true;
  tty?: true;
}

const EXAMPLES = `
Examples:
  baleine run base -- ls /
  baleine run -it --bridge front base sh`;

export function register(program: Command): void {
  const command = program
    .command('run')
    .description('run one command in a throw-away container, here and now; its exit code is ours')
    .argument('<image>')
    .argument('[command...]', 'default: what the image says')
    .option('-i, --interactive', 'pass standard input on')
    .option('-t, --tty', 'give it a terminal')
    .option('--rm', 'as it is always: nothing of it stays')
    .option('--name <name>', 'default: run- and some digits')
    .passThroughOptions();
  addWordOptions(addSiteOptions(command), 'once')
    .addHelpText('after', EXAMPLES)
    .action(async (image: string, args: string[], options: RunOptions, self: Command) => {
      process.exitCode = await runOnce(openContext(self), image, args, options);
    });
}

async function runOnce(
  context: Context,
  image: string,
  words: string[],
  options: RunOptions,
): Promise<number> {
  const { name = `run-${randomBytes(4).toString('hex')}`, interactive, tty = false } = options;
  if (tty && interactive && !process.stdin.isTTY) {
    throw new UserError('cannot give it a terminal: standard input is none', 'Leave out -t');
  }
  const args = words[0] === '--' ? words.slice(1) : words;
  const terminal = tty ? [`TERM=${process.env.TERM ?? 'xterm'}`, ...options.env] : options.env;
  const wanted = { ...options, env: terminal, image, restart: 'no' };
  const created = await silently(context, (rows) => create(name, args, wanted, rows));
  if (created !== 0) return created;
  try {
    return await inForeground(context, name, { input: interactive ?? false, terminal: tty });
  } finally {
    await silently(context, () => remove(name));
  }
}

/** As `container create` does. It counts as stopped, so that nobody else starts it. */
function create(name: string, args: string[], options: WordOptions, rows: Rows): Change {
  const purpose = `run container ${name}`;
  refuseExisting(rows, 'container', name, purpose);
  const address = namedAddress('container', name, purpose);
  return {
    purpose,
    words: containerWords(name, args, options, rows, purpose),
    targets: [address],
    edit: (each) =>
      each.address === address
        ? { ...each, spec: { ...(each.spec as ContainerSpec), stopped: true } }
        : each,
  };
}

function remove(name: string): Change {
  const purpose = `remove container ${name}`;
  return { purpose, gone: [namedAddress('container', name, purpose)] };
}

async function inForeground(
  context: Context,
  name: string,
  how: { input: boolean; terminal: boolean },
): Promise<number> {
  const { site } = context;
  const { rows } = context.state();
  const { spec } = ownRow(rows, 'container', name, `run container ${name}`);
  const { links, disks, runtime } = await context.host();
  const { id, userns } = spec;
  const wiring = { netns: netnsName(site, id), links: spec.links, ...(userns && { userns }) };
  const [failure] = await links.wire([wiring]);
  if (failure) throw failure;
  await disks.ensureMounted(diskFile(site, spec.id), rootfsDir(site, spec.id));
  return runtime.run(spec, how);
}

type Rows = Parameters<Parameters<typeof changeByHand>[2]>[0];

function silently(context: Context, changeOf: (rows: Rows) => Change): Promise<number> {
  return changeByHand(context, { silent: true }, changeOf);
}
