import type { Command } from 'commander';
import { connectNetwork, disconnectNetwork } from '../../app/container/connect.js';
import type { Context } from '../../app/context.js';
import {
  createNetwork,
  describeNetworks,
  inspectNetworks,
  type ListedNetwork,
  removeNetworks,
} from '../../app/networks.js';
import type { ChangeOptions } from '../../app/options.js';
import { type PruneOptions, prune } from '../../app/prune.js';
import { BRIDGE_KEYS } from '../../kinds/bridge/keys.js';
import { renderTable } from '../../view/tables.js';
import { addKeyFlags, keyFlags } from '../key-flags.js';
import { addChangeOptions, addPruneOptions, addRootOptions, append } from '../options.js';
import { print, printJson, printOne } from '../output.js';
import { openContext } from '../terminal.js';

export function register(program: Command): void {
  const family = program.command('network').description('manage bridges without a file');
  registerCreate(family);
  registerList(family);
  registerConnect(family);
  registerDisconnect(family);
  addRootOptions(family.command('inspect').argument('<name...>'))
    .description('show details of networks as JSON')
    .option('--json', 'on one line')
    .addHelpText('after', '\nExample:\n  baleine network inspect front')
    .action((names: string[], options: { json?: true }, self: Command) =>
      inspectNetworks(openContext(self), names).then((found) =>
        printOne(found, options.json === true),
      ),
    );
  addChangeOptions(family.command('rm').argument('<name...>'))
    .description('remove networks without containers')
    .addHelpText('after', '\nExample:\n  baleine network rm front')
    .action(async (names: string[], options: ChangeOptions, self: Command) => {
      process.exitCode = await removeNetworks(openContext(self), names, options);
    });
  addPruneOptions(family.command('prune'))
    .description('remove imperative networks that no container is attached to')
    .addHelpText('after', '\nExample:\n  baleine network prune')
    .action(async (options: PruneOptions, self: Command) => {
      process.exitCode = await prune(openContext(self), ['network'], options);
    });
}

function registerCreate(family: Command): void {
  const command = addChangeOptions(family.command('create').argument('<name>')).description(
    'create a bridge',
  );
  addKeyFlags(command, BRIDGE_KEYS)
    .addHelpText(
      'after',
      '\nExample:\n  baleine network create front --subnet 10.77.1.0/24 --host 10.77.1.1\n  baleine network create out --subnet 10.77.2.0/24 --egress',
    )
    .action(async (network: string, options: ChangeOptions, self: Command) => {
      const entry = keyFlags(options, BRIDGE_KEYS);
      process.exitCode = await createNetwork(openContext(self), network, entry, options);
    });
}

function registerConnect(family: Command): void {
  addChangeOptions(family.command('connect').argument('<network>').argument('<name>'))
    .description('attach a container to a network, while it runs')
    .option('--ip <address>', 'its address there; default: a free one')
    .option('--ip6 <address>', 'its IPv6 address there; default: a free one')
    .option('--alias <name>', 'one more host name there; repeatable', append)
    .addHelpText('after', '\nExample:\n  baleine network connect back web --ip 10.77.2.10')
    .action(async (network: string, name: string, all: ConnectOptions, self: Command) => {
      const { ip, ip6, alias, ...options } = all;
      process.exitCode = await connectNetwork(openContext(self), network, name, {
        ...options,
        ...(ip !== undefined && { address: ip }),
        ...(ip6 !== undefined && { address6: ip6 }),
        ...(alias && { aliases: alias }),
      });
    });
}

function registerDisconnect(family: Command): void {
  addChangeOptions(family.command('disconnect').argument('<network>').argument('<name>'))
    .description('detach a container from a network, while it runs')
    .addHelpText('after', '\nExample:\n  baleine network disconnect back web')
    .action(async (network: string, name: string, options: ChangeOptions, self: Command) => {
      process.exitCode = await disconnectNetwork(openContext(self), network, name, options);
    });
}

interface ConnectOptions extends ChangeOptions {
  ip?: string;
  ip6?: string;
  alias?: string[];
}

function registerList(family: Command): void {
  addRootOptions(family.command('list'))
    .alias('ls')
    .description('list networks, also those of stacks, with their number of containers')
    .option('--json', 'one JSON array')
    .option('-q, --quiet', 'names only')
    .addHelpText('after', '\nExample:\n  baleine network list')
    .action((options: { json?: true; quiet?: true }, self: Command) =>
      list(openContext(self), options),
    );
}

async function list(context: Context, options: { json?: true; quiet?: true }): Promise<void> {
  const networks = describeNetworks(context.state().rows, await context.probe());
  if (options.json) return printJson(networks);
  if (options.quiet) return print(networks.map(({ name }) => `${name}\n`).join(''));
  print(networkTable(networks));
}

function networkTable(networks: ListedNetwork[]): string {
  const header = ['NAME', 'STACK', 'SUBNET', 'HOST', 'UPLINK', 'CONTAINERS', 'INTERFACE'];
  const both = (...all: (string | undefined)[]) => all.filter(Boolean).join(',') || '-';
  const rows = networks.map(({ name, stack, uplink, connected, link, ...each }) => [
    ...[name, stack, both(each.subnet, each.subnet6), both(each.host, each.host6)],
    ...[uplink ?? '-', String(connected.length), link],
  ]);
  return renderTable(header, rows);
}
