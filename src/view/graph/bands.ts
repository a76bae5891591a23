import type { BridgeNode, ContainerNode, Topology } from '../../model/topology.js';

/** What hangs below one bridge: every container whose first bridge it is. */
export interface Band {
  /** The bridge, or what those below have in common that are on none. */
  top: BridgeNode | string;
  blocks: Block[];
}

/** Containers that stand together: those of no farm and the proxies, or the servers of one farm. */
export interface Block {
  farm?: string;
  containers: ContainerNode[];
}

export function bandsOf(topology: Topology): Band[] {
  const { bridges, containers } = topology;
  const home = (each: ContainerNode) => bridges.find(({ name }) => name in each.addresses);
  const homeless = containers.filter((each) => !home(each));
  const apart = (top: string, members: ContainerNode[]): Band[] =>
    members.length > 0 ? [{ top, blocks: blocksOf(members, topology) }] : [];
  return [
    ...apart(
      'on the network of the host',
      homeless.filter((each) => each.on_host),
    ),
    ...bridges.map((bridge) => ({
      top: bridge,
      blocks: blocksOf(
        containers.filter((each) => home(each) === bridge),
        topology,
      ),
    })),
    ...apart(
      'on no bridge',
      homeless.filter((each) => !each.on_host),
    ),
  ];
}

/** The way on to another bridge is shortest from the last place of the first block. */
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
