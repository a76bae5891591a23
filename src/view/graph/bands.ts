import type { BridgeNode, ContainerNode, Topology } from '../../model/topology.js';

/** What hangs below one bridge: every container whose first bridge it is. */
export interface Band {
  /** Absent for those that are on no bridge. */
  bridge?: BridgeNode;
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
  return [
    ...bridges.map((bridge) => ({
      bridge,
      blocks: blocksOf(
        containers.filter((each) => home(each) === bridge),
        topology,
      ),
    })),
    ...(homeless.length > 0 ? [{ blocks: blocksOf(homeless, topology) }] : []),
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
