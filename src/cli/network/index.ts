import type { Command } from 'commander';
import type { Context } from '../../app/context.js';
import { applyChange } from '../../app/imperative/change.js';
import {
  imperativeRow,
  namedAddress,
  refuseExisting,
  refuseUsed,
  rowsOf,
  usableRow,
} from '../../app/imperative/record.js';
import type { ChangeOptions } from '../../app/options.js';
import type { Probe } from '../../host/ports.js';
import { byName } from '../../model/address.js';
import type { Row } from '../../model/resource.js';
import { renderTable } from '../../view/table.js';
import { addChangeOptions, addSiteOptions } from '../options.js';
import { print, printJson, printOne } from '../output.js';
import { openContext } from '../terminal.js';

interface CreateOptions extends ChangeOptions {
  subnet?: string;
  host?: string;
  isolated?: true;
  uplink?: string;
}

export function register(program: Command): void {
  const family = program.command('network').description('bridges made by hand');
  registerCreate(family);
  registerList(family);
  addSiteOptions(family.command('inspect').argument('<name...>'))
    .description('all that is known of networks, as JSON')
    .option('--json', 'on one line')
    .addHelpText('after', '\nExample:\n  baleine network inspect front')
    .action((names: string[], options: { json?: true }, self: Command) =>
      inspect(openContext(self), names, options),
    );
  addChangeOptions(family.command('rm').argument('<name...>'))
    .description('remove networks that no container is on')
    .addHelpText('after', '\nExample:\n  baleine network rm front')
    .action(async (names: string[], options: ChangeOptions, self: Command) => {
      process.exitCode = await remove(openContext(self), names, options);
    });
}

function registerCreate(family: Command): void {
  addChangeOptions(family.command('create').argument('<name>'))
    .description('make a bridge')
    .option('--subnet <subnet>', 'its addresses, as 10.77.1.0/24')
    .option('--host <address>', 'the host joins with this address')
    .option('--isolated', 'refuse a host address and an uplink')
    .option('--uplink <interface>', 'an interface of the host that joins')
    .addHelpText(
      'after',
      '\nExample:\n  baleine network create front --subnet 10.77.1.0/24 --host 10.77.1.1',
    )
    .action(async (name: string, options: CreateOptions, self: Command) => {
      process.exitCode = await create(openContext(self), name, options);
    });
}

function registerList(family: Command): void {
  addSiteOptions(family.command('list'))
    .alias('ls')
    .description('list networks, of files too, with how many containers are connected')
    .option('--json', 'one JSON array')
    .option('-q, --quiet', 'names only')
    .addHelpText('after', '\nExample:\n  baleine network list')
    .action((options: { json?: true; quiet?: true }, self: Command) =>
      list(openContext(self), options),
    );
}

function create(context: Context, name: string, options: CreateOptions): Promise<number> {
  const purpose = `create network ${name}`;
  const { subnet, host, isolated, uplink } = options;
  return applyChange(context, options, (rows) => {
    refuseExisting(rows, 'bridge', name, purpose);
    const entries = { bridges: { [name]: { subnet, host, isolated, uplink } } };
    return { purpose, entries, targets: [namedAddress('bridge', name, purpose)] };
  });
}

async function list(context: Context, options: { json?: true; quiet?: true }): Promise<void> {
  const networks = describeNetworks(context.state().rows, await context.probe());
  if (options.json) return printJson(networks);
  if (options.quiet) return print(networks.map(({ name }) => `${name}\n`).join(''));
  print(networkTable(networks));
}

function networkTable(networks: ListedNetwork[]): string {
  const header = ['NAME', 'STACK', 'SUBNET', 'HOST', 'UPLINK', 'CONTAINERS', 'INTERFACE'];
  const rows = networks.map(({ name, stack, subnet, host, uplink, connected, link }) => [
    ...[name, stack, subnet ?? '-', host ?? '-', uplink ?? '-'],
    ...[String(connected.length), link],
  ]);
  return renderTable(header, rows);
}

async function inspect(context: Context, names: string[], { json }: { json?: true }) {
  const { rows } = context.state();
  const known = describeNetworks(rows, await context.probe());
  const found = names.map((name) => {
    const { stack, spec } = usableRow(rows, 'bridge', name, `inspect network ${name}`);
    return { ...spec, ...known.find((each) => each.name === name && each.stack === stack) };
  });
  printOne(found, json === true);
}

function remove(context: Context, names: string[], options: ChangeOptions): Promise<number> {
  const purpose = `remove network ${names.join(', ')}`;
  return applyChange(context, options, (rows) => {
    for (const name of names) {
      const { spec } = imperativeRow(rows, 'bridge', name, `remove network ${name}`);
      const users = rowsOf(rows, 'container').filter((row) =>
        row.spec.links.some(({ bridge_link }) => bridge_link === spec.link),
      );
      refuseUsed(`remove network ${name}`, users);
    }
    return { purpose, gone: names.map((name) => namedAddress('bridge', name, purpose)) };
  });
}

/** A bridge as `network list --json` has it. */
export interface ListedNetwork {
  name: string;
  stack: string;
  /** Its interface on the host. */
  link: string;
  subnet?: string;
  host?: string;
  uplink?: string;
  isolated: boolean;
  up: boolean;
  /** Ids of the containers with an interface on it now. */
  connected: string[];
  /** Ids of those that are to have one when they run. */
  containers: string[];
}

/** Of every stack, as they are on the host now. */
export function describeNetworks(rows: readonly Row[], probe: Probe): ListedNetwork[] {
  const links = rowsOf(rows, 'container').flatMap(({ spec }) =>
    spec.links.map((link) => ({ id: spec.id, ...link })),
  );
  return rowsOf(rows, 'bridge')
    .sort((a, b) => byName(a.stack, b.stack) || byName(a.name, b.name))
    .map(({ name, stack, spec: { alias: _alias, ...spec } }) => {
      const members = links.filter(({ bridge_link }) => bridge_link === spec.link);
      const connected = members.filter(({ link }) => probe.link(link)?.master === spec.link);
      return {
        name,
        stack,
        ...spec,
        up: probe.link(spec.link)?.up ?? false,
        connected: connected.map(({ id }) => id),
        containers: members.map(({ id }) => id),
      };
    });
}
