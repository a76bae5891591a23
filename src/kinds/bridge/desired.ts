import type { BridgeSource, External } from '../../model/config.js';
import { UserError } from '../../model/errors.js';
import { bridgeLink, linkAlias } from '../../model/install-paths.js';
import { formatSubnet, parseSubnet } from '../../model/ipv4.js';
import { formatSubnet6, parseSubnet6, type Subnet6 } from '../../model/ipv6.js';
import type { Resource, Row } from '../../model/resource.js';
import type { BridgeSpec } from '../../model/specs.js';
import { SubnetIndex } from '../../model/subnets.js';
import { type Context, externalRow, isOthers } from '../desired-context.js';
import { recordedSpec } from '../recorded.js';

export interface Bridges {
  resources: Resource<BridgeSpec>[];
  /** Of every bridge named in the file, including external ones. */
  specs: Map<string, BridgeSpec>;
}

/**
 * Each stack has its own bridges, even if other stacks use the same names; `external` shares one.
 */
export function desiredBridges(context: Context): Bridges {
  const specs = new Map<string, BridgeSpec>();
  const resources: Resource<BridgeSpec>[] = [];
  const usedSubnets = subnetsOfOthers(context);
  const used6 = subnets6OfOthers(context);
  for (const [name, entry] of Object.entries(context.config.bridges)) {
    if (entry.external) {
      specs.set(name, externalSpec(name, entry, context));
      continue;
    }
    const spec = ownSpec(name, entry, context);
    checkOverlap(name, spec, usedSubnets, used6, context);
    specs.set(name, spec);
    const { protect } = entry;
    resources.push({
      address: `bridge.${name}`,
      kind: 'bridge',
      name,
      spec,
      needs: [],
      protect,
      entry: ['bridges', name],
    });
  }
  return { resources, specs };
}

function ownSpec(name: string, entry: BridgeSource, context: Context): BridgeSpec {
  const { config, paths } = context;
  const { subnet, host, subnet6, host6, isolated, uplink, gateway, gateway6 } = entry;
  const { dns, range, egress, lease, members, port_security } = entry;
  const recorded = recordedSpec<BridgeSpec>(context, 'bridge', name);
  return {
    link: recorded?.link ?? bridgeLink(paths, config.name, name),
    alias: recorded?.alias ?? linkAlias(paths, config.name, `bridge.${name}`),
    ...(subnet !== undefined && { subnet }),
    ...(host !== undefined && { host }),
    ...(subnet6 !== undefined && { subnet6 }),
    ...(host6 !== undefined && { host6 }),
    isolated,
    ...(uplink !== undefined && { uplink }),
    ...(gateway !== undefined && { gateway }),
    ...(gateway6 !== undefined && { gateway6 }),
    ...(dns !== undefined && { dns }),
    ...(range !== undefined && { range }),
    ...(egress !== undefined && { egress }),
    ...(lease !== undefined && { lease }),
    ...(members !== undefined && { members }),
    ...(port_security !== undefined && { port_security }),
  };
}

function externalSpec(entry: string, { name }: External, context: Context): BridgeSpec {
  const row = externalRow<BridgeSpec>(context, 'bridge', { entry, name }, ({ link }, { links }) =>
    links.some(({ bridge_link }) => bridge_link === link),
  );
  if (row) return row.spec;
  throw new UserError(
    `${context.config.where(['bridges', entry])}: bridge ${name ?? entry} is external, but this host has no bridge of that name`,
    'Create it with the stack that owns it first, or declare it here with `subnet:`.',
  );
}

/** Subnets of the bridges of all other stacks. */
function subnetsOfOthers(context: Context): SubnetIndex<Row> {
  const taken = new SubnetIndex<Row>();
  for (const row of context.rows) {
    if (row.kind !== 'bridge' || !isOthers(row, context)) continue;
    const { subnet } = row.spec as BridgeSpec;
    const parsed = subnet === undefined ? undefined : parseSubnet(subnet);
    if (parsed) taken.add(row, parsed);
  }
  return taken;
}

/** Undefined for none, which is usual. */
function subnets6OfOthers(context: Context): SubnetIndex<Row, Subnet6> | undefined {
  let taken: SubnetIndex<Row, Subnet6> | undefined;
  for (const row of context.rows) {
    if (row.kind !== 'bridge' || !isOthers(row, context)) continue;
    const { subnet6 } = row.spec as BridgeSpec;
    const parsed = subnet6 === undefined ? undefined : parseSubnet6(subnet6);
    if (!parsed) continue;
    taken ??= new SubnetIndex();
    taken.add(row, parsed);
  }
  return taken;
}

/** The host could not tell which of the two bridges an address is on. */
function checkOverlap(
  name: string,
  { subnet, subnet6 }: BridgeSpec,
  taken: SubnetIndex<Row>,
  taken6: SubnetIndex<Row, Subnet6> | undefined,
  { config }: Context,
): void {
  const parsed = subnet === undefined ? undefined : parseSubnet(subnet);
  const other = parsed && taken.overlapping(parsed);
  if (other) refuse('subnet', subnet, other.owner, formatSubnet(other.subnet));
  const parsed6 = subnet6 === undefined ? undefined : parseSubnet6(subnet6);
  const other6 = parsed6 && taken6?.overlapping(parsed6);
  if (other6) refuse('subnet6', subnet6, other6.owner, formatSubnet6(other6.subnet));

  function refuse(key: string, ours: string | undefined, owner: Row, theirs: string): never {
    throw new UserError(
      `${config.where(['bridges', name, key])}: subnet ${ours} overlaps ${theirs} of bridge ${owner.name} of stack ${owner.stack}`,
      owner.name === name
        ? `Choose a subnet that is free on this host, or join that bridge: ${name}: {external: true}`
        : 'Choose a subnet that is free on this host.',
    );
  }
}
