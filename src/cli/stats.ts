import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import type { Probe } from '../host/host.js';
import { byName } from '../model/names.js';
import type { Row } from '../model/resource.js';
import { cgroupPath, type Site } from '../model/site.js';
import type { ContainerFacts, ContainerSpec } from '../model/specs.js';
import type { ContainerStats, Traffic, Usage } from '../model/usage.js';
import { statsTable } from '../view/stats-table.js';
import { type Context, openContext } from './context.js';
import { addCommonOptions } from './options.js';
import { stackName } from './stack-name.js';

interface StatsOptions {
  allStacks?: true;
  stack?: string;
  stream: boolean;
  json?: true;
  interval: number;
}

const EXAMPLES = `
Examples:
  baleine stats
  baleine stats --no-stream --json web-1`;

export function register(program: Command): void {
  const command = program
    .command('stats')
    .description('what running containers use')
    .argument('[name...]', 'of these only')
    .option('--all-stacks', 'of every stack, not only the file’s')
    .option('--stack <name>', 'of this stack, without its file')
    .option('--no-stream', 'once, not again and again')
    .option('--json', 'one JSON array, one a line when streaming')
    .option('--interval <seconds>', 'between two looks', seconds, 1);
  addCommonOptions(command)
    .addHelpText('after', EXAMPLES)
    .action((names: string[], options: StatsOptions, self: Command) =>
      stream(openContext(self), names, options),
    );
}

/** CPU time is counted since the start, so that it takes two looks to tell how much that is now. */
async function stream(context: Context, names: string[], options: StatsOptions): Promise<void> {
  const stack = options.allStacks ? undefined : await stackName(context, options.stack);
  const probe = await context.probe();
  const wanted = (row: Row) =>
    row.kind === 'container' &&
    (stack === undefined || row.stack === stack) &&
    (names.length === 0 || names.includes(row.name));
  const look = () => lookAt(context.state().rows.filter(wanted), probe, context.site);
  for (let before = look(); ; ) {
    await sleep(options.interval * 1000);
    const now = look();
    print(statsOf(before, now), stack === undefined, options);
    if (!options.stream) return;
    before = now;
  }
}

/** What the host's interfaces carry is not one container's. */
const NO_TRAFFIC: Traffic = { received: 0, sent: 0 };

interface Look {
  row: Row<ContainerSpec, ContainerFacts>;
  usage: Usage;
  network: Traffic;
  /** Milliseconds of a clock that only goes forward. */
  at: number;
}

function lookAt(rows: readonly Row[], probe: Probe, site: Site): Look[] {
  return (rows as Row<ContainerSpec, ContainerFacts>[]).flatMap((row) => {
    const { pid, start_time, boot_id } = row.facts;
    if (pid === undefined || boot_id !== probe.bootId || probe.process(pid) !== start_time) {
      return [];
    }
    const usage = probe.usage(cgroupPath(site, row.spec.id));
    return usage
      ? [
          {
            row,
            usage,
            network: row.spec.host_network ? NO_TRAFFIC : probe.traffic(pid),
            at: performance.now(),
          },
        ]
      : [];
  });
}

/** Of those that were there both times, by stack and name. */
function statsOf(before: Look[], now: Look[]): ContainerStats[] {
  const earlier = new Map(before.map((each) => [each.row.facts.pid, each]));
  const stats = now.flatMap((each): ContainerStats[] => {
    const { row, usage, network, at } = each;
    const first = earlier.get(row.facts.pid);
    if (!first) return [];
    const share = (usage.cpu_time - first.usage.cpu_time) / ((at - first.at) / 1000);
    const { memory } = row.spec.limits;
    return [
      {
        name: row.name,
        stack: row.stack,
        cpu_percent: Math.round(share * 10_000) / 100,
        ...usage,
        ...(memory !== undefined && { memory_limit: memory }),
        network,
      },
    ];
  });
  return stats.sort((a, b) => byName(a.stack, b.stack) || byName(a.name, b.name));
}

function print(stats: ContainerStats[], stacks: boolean, { json, stream }: StatsOptions): void {
  // Home, then clear what is below: console_codes(4).
  const clear = stream && !json && process.stdout.isTTY ? '\x1b[H\x1b[J' : '';
  process.stdout.write(json ? `${JSON.stringify(stats)}\n` : clear + statsTable(stats, { stacks }));
}

function seconds(text: string): number {
  const value = Number(text);
  if (value >= 0.1 && value <= 3600) return value;
  throw new InvalidArgumentError('It must be a number of seconds from 0.1 to 3600.');
}
