import type { Command } from 'commander';
import type { Context } from '../../app/context.js';
import { applyChange, type Change } from '../../app/imperative/change.js';
import { EXTERNAL } from '../../app/imperative/flags-to-config.js';
import { imperativeRow, namedAddress, oneOffError } from '../../app/imperative/record.js';
import type { ContainerRow } from '../../app/lookup.js';
import type { ChangeOptions } from '../../app/options.js';
import { UserError } from '../../model/errors.js';
import type { Resource } from '../../model/resource.js';
import type { ContainerSpec } from '../../model/specs.js';
import { addChangeOptions } from '../options.js';
import { openContext } from '../terminal.js';
import {
  addBridgeOptions,
  addLimitOptions,
  attachments,
  type BridgeOptions,
  externals,
  type LimitOptions,
  limitWords,
} from './flags.js';

interface AddOptions extends ChangeOptions, LimitOptions, BridgeOptions {}

const EXAMPLES = `
Examples:
  baleine container add web --bridge back=10.77.2.10
  baleine container add web --memory 128M --cpus 0.5`;

export function registerAdd(family: Command): void {
  const command = family
    .command('add')
    .description('give a container a bridge or a limit, without a restart')
    .argument('<name>');
  addBridgeOptions(addLimitOptions(addChangeOptions(command)))
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, options: AddOptions, self: Command) => {
      process.exitCode = await add(openContext(self), name, options);
    });
}

function add(context: Context, name: string, options: AddOptions): Promise<number> {
  const purpose = `add to container ${name}`;
  const limits = limitWords(options);
  if (options.bridge.length === 0 && Object.values(limits).every((each) => each === undefined)) {
    throw new UserError(`cannot ${purpose}: nothing to add`, 'Give --bridge, --memory, --cpus, …');
  }
  return applyChange(context, options, (rows): Change => {
    const row = imperativeRow(rows, 'container', name, purpose) as ContainerRow;
    if (row.spec.one_off) throw oneOffError(row, purpose);
    const address = namedAddress('container', name, purpose);
    const { image, args, links, hostname } = row.spec;
    const bridges = { ...presentOf(row.spec), ...attachments(options, purpose) };
    const entry = {
      image: image.name,
      entrypoint: [],
      command: args,
      hostname,
      bridges,
      limits: { ...row.spec.limits, ...defined(limits) },
    };
    const joined = [...links.map(({ bridge }) => bridge), ...options.bridge.map((b) => b.bridge)];
    return {
      purpose,
      entries: {
        images: { [image.name]: EXTERNAL },
        bridges: externals(rows, joined, purpose),
        containers: { [name]: entry },
      },
      targets: [address],
      edit: (each) => (each.address === address ? changed(row, each) : each),
    };
  });
}

/** As in a file. Addresses become static ones, which they are as long as nothing asks otherwise. */
function presentOf({ links }: ContainerSpec): object {
  return Object.fromEntries(
    links.map(({ bridge, address, mac }) => [bridge, { address: address?.split('/')[0], mac }]),
  );
}

/** Of what was worked out only what `add` can change; the rest is as it was made. */
function changed(row: ContainerRow, made: Resource): Resource {
  const { limits, links, hosts_file } = made.spec as ContainerSpec;
  const others = row.needs.filter((each) => !/^(hosts|image|bridge)\./.test(each));
  return {
    ...made,
    spec: { ...row.spec, limits, links, hosts_file },
    needs: [...made.needs, ...others],
    protect: row.protect,
  };
}

const defined = (values: object) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
