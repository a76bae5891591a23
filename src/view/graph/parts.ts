import type { BridgeNode, ContainerNode, Topology } from '../../model/topology.js';
import { bridgeLabels, publishWords, stateText } from './labels.js';

/** The containers of each farm, proxy first, and the containers outside farms. */
export function partsOf({ farms, containers }: Topology) {
  const named = (names: string[]) =>
    names.flatMap((name) => containers.filter((each) => each.name === name));
  const grouped = farms.map(({ name, proxy, servers }) => ({
    name,
    members: named([proxy, ...servers]),
  }));
  const taken = new Set<ContainerNode>(grouped.flatMap(({ members }) => members));
  return { farms: grouped, free: containers.filter((each) => !taken.has(each)) };
}

/** Whether the picture shows the host. */
export const hasHost = ({ bridges, containers }: Topology) =>
  bridges.some(hostEnd) || containers.some((each) => each.on_host);

/** How the host is attached to a bridge: by an address or an uplink; undefined if it is not. */
export function hostEnd({ host, uplink }: BridgeNode): string | undefined {
  return host ?? (uplink === undefined ? undefined : `uplink ${uplink}`);
}

/** Name and labels of a bridge, without the host's address, which is an edge. */
export function bridgeLines(bridge: BridgeNode): string[] {
  const { subnet, marks } = bridgeLabels(bridge);
  const end = hostEnd(bridge);
  return [bridge.name, subnet, ...marks.filter((each) => each !== end && each !== `host ${end}`)];
}

export function containerLines(container: ContainerNode): string[] {
  const { name, image, publish } = container;
  const ports = [...new Set(publish.map((each) => `port ${publishWords(each)}`))];
  return [name, stateText(container), `image ${image}`, ...ports];
}

/** Short ids, because a name could contain keywords of the language: `b1`, `c1`, `f1`, `v1`. */
export interface Ids {
  bridge(name: string): string;
  container(name: string): string;
  farm(name: string): string;
  volume(name: string): string;
}

export function idsOf({ bridges, containers, farms, volumes }: Topology): Ids {
  return {
    bridge: numbered('b', namesOf(bridges)),
    container: numbered('c', namesOf(containers)),
    farm: numbered('f', namesOf(farms)),
    volume: numbered('v', volumes),
  };
}

const namesOf = (nodes: { name: string }[]) => nodes.map(({ name }) => name);

function numbered(letter: string, names: string[]): (name: string) => string {
  const ids = new Map(names.map((name, index) => [name, `${letter}${index + 1}`]));
  return (name) => ids.get(name) ?? `${letter}0`;
}
