import type { BridgeNode, ContainerNode, Topology } from '../../model/topology.js';

/** All containers drawn below one bridge: those whose first bridge it is. */
export interface Band {
  /** The bridge, or a heading for containers without one. */
  top: BridgeNode | string;
  blocks: Block[];
}

/** Containers drawn together: proxies and containers outside farms, or the servers of one farm. */
export interface Block {
  farm?: string;
  containers: ContainerNode[];
}

export function bandsOf(topology: Topology): Band[] {
  const { bridges, containers } = topology;
  const firstBridge = (each: ContainerNode) => bridges.find(({ name }) => name in each.addresses);
  const unattached = containers.filter((each) => !firstBridge(each));
  const apart = (top: string, members: ContainerNode[]): Band[] =>
    members.length > 0 ? [{ top, blocks: blocksOf(members, topology) }] : [];
  return [
    ...apart(
      'on the network of the host',
      unattached.filter((each) => each.on_host),
    ),
    ...bridges.map((bridge) => ({
      top: bridge,
      blocks: blocksOf(
        containers.filter((each) => firstBridge(each) === bridge),
        topology,
      ),
    })),
    ...apart(
      'on no bridge',
      unattached.filter((each) => !each.on_host),
    ),
  ];
}

/** Containers on several bridges come last in the first block: their lines to other bridges are shortest there. */
function blocksOf(members: ContainerNode[], { farms }: Topology): Block[] {
  const farmOf = (name: string) => farms.find(({ servers }) => servers.includes(name));
  const loose = members.filter(({ name }) => !farmOf(name));
  const single = loose.filter(({ addresses }) => Object.keys(addresses).length < 2);
  const several = loose.filter((each) => !single.includes(each));
  const first = [...single, ...several];
  return [
    ...(first.length > 0 ? [{ containers: first }] : []),
    ...farms
      .map(({ name }) => ({
        farm: name,
        containers: members.filter((each) => farmOf(each.name)?.name === name),
      }))
      .filter(({ containers }) => containers.length > 0),
  ];
}
