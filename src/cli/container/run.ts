import { randomBytes } from 'node:crypto';
import { constants } from 'node:os';
import type { Command } from 'commander';
import type { Context } from '../../app/context.js';
import {
  applyChange,
  type Change,
  executeBriefly,
  planChange,
  withStoreOrWait,
} from '../../app/imperative/change.js';
import { imperativeRow, namedAddress, refuseExisting } from '../../app/imperative/record.js';
import { bootId, startTime } from '../../host/linux/process/processes.js';
import type { Foreground, StartedInForeground } from '../../host/ports.js';
import { LockedError, UserError } from '../../model/errors.js';
import { diskFile, netnsName, rootfsDir } from '../../model/install-paths.js';
import type { Row } from '../../model/resource.js';
import type { ContainerSpec, ProcessIdentity } from '../../model/specs.js';
import { addSiteOptions } from '../options.js';
import { openContext } from '../terminal.js';
import { addWordOptions, containerWords, type WordOptions } from './flags.js';

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
    .description('run one command in a one-off container, here and now; its exit code is ours')
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
  const told = toldToStop();
  const how = { input: interactive ?? false, terminal: tty, stop: told.stop };
  try {
    const begun = await begin(context, name, (rows) => create(name, args, wanted, rows), how);
    return (await begun) ?? told.code();
  } finally {
    told.forget();
    await removeOnce(context, name);
  }
}

/** The signals that end it; the command receives them as well. */
function toldToStop() {
  const controller = new AbortController();
  let first: NodeJS.Signals = 'SIGTERM';
  const hear = (signal: NodeJS.Signals) => {
    if (!controller.signal.aborted) first = signal;
    controller.abort();
  };
  for (const signal of SIGNALS) process.on(signal, hear);
  return {
    stop: controller.signal,
    /** As a shell has it for what ended by the signal. */
    code: () => 128 + constants.signals[first],
    forget: () => {
      for (const signal of SIGNALS) process.off(signal, hear);
    },
  };
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** As `container create` does. No plan starts or stops it as long as we are there. */
function create(name: string, args: string[], options: WordOptions, rows: Rows): Change {
  const purpose = `run container ${name}`;
  refuseExisting(rows, 'container', name, purpose);
  const address = namedAddress('container', name, purpose);
  return {
    purpose,
    entries: containerWords(name, args, options, rows, purpose),
    targets: [address],
    edit: (each) => {
      if (each.address !== address) return each;
      const { healthcheck: _unasked, ...spec } = each.spec as ContainerSpec;
      return { ...each, spec: { ...spec, stopped: true, one_off: ourselves() } };
    },
  };
}

function ourselves(): ProcessIdentity {
  const { pid } = process;
  return { pid, start_time: startTime(pid) ?? 0, boot_id: bootId() };
}

/**
 * Makes the container and starts it, all with the lock held, so that a running container is recorded as one.
 *
 * @returns the exit code to come, undefined when we were told to stop before it ran
 */
async function begin(
  context: Context,
  name: string,
  changeOf: (rows: Rows) => Change,
  how: Omit<Foreground, 'started'>,
): Promise<Promise<number | undefined>> {
  let running: Promise<number | undefined> = Promise.resolve(undefined);
  await withStoreOrWait(context, {}, async (store) => {
    const plan = await planChange(context, store.rows, changeOf(store.rows));
    const created = await executeBriefly(context, store, { silent: true }, plan);
    if (created !== 0) running = Promise.resolve(created);
    if (created !== 0 || how.stop.aborted) return created;
    const row = imperativeRow(store.rows, 'container', name, `run container ${name}`);
    let noted: Promise<void> | undefined;
    await new Promise<void>((resolve) => {
      const started = (facts: StartedInForeground) => {
        noted = store.put({ ...row, facts: { ...facts } });
        resolve();
      };
      running = inForeground(context, row.spec, { ...how, started });
      // what comes of it is told below; nobody starts it again
      running.catch(() => undefined).finally(resolve);
    });
    await noted;
    return 0;
  });
  return running;
}

async function inForeground(
  context: Context,
  spec: ContainerSpec,
  how: Foreground,
): Promise<number> {
  const { site } = context;
  const { links, disks, runtime } = await context.host();
  const { id, userns } = spec;
  const wiring = { netns: netnsName(site, id), links: spec.links, ...(userns && { userns }) };
  const [failure] = await links.wire([wiring]);
  if (failure) throw failure;
  await disks.ensureMounted(diskFile(site, spec.id), rootfsDir(site, spec.id));
  return runtime.run(spec, how);
}

/** What another run at work keeps us from removing, the next one removes: we are gone by then. */
async function removeOnce(context: Context, name: string): Promise<void> {
  const purpose = `remove container ${name}`;
  const address = namedAddress('container', name, purpose);
  try {
    await applyChange(context, { silent: true }, (rows) => {
      const isThere = rows.some((row) => row.name === name && isOurs(row));
      return { purpose, gone: isThere ? [address] : [] };
    });
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
  }
}

const isOurs = ({ kind, spec }: Row) =>
  kind === 'container' && (spec as ContainerSpec).one_off?.pid === process.pid;

type Rows = Parameters<Parameters<typeof applyChange>[2]>[0];
