import type { BridgeNode, ContainerNode, Topology } from '../../model/topology.js';
import { bridgeWords, publishWords, stateWords } from './labels.js';

/** The containers of each farm, the proxy first, and those of none. */
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

/** Whether the host is in the picture. */
export const hasHost = ({ bridges, containers }: Topology) =>
  bridges.some(hostEnd) || containers.some((each) => each.on_host);

/** How the host is on a bridge: by an address, or by an interface of its own; undefined for not. */
export function hostEnd({ host, uplink }: BridgeNode): string | undefined {
  return host ?? (uplink === undefined ? undefined : `uplink ${uplink}`);
}

/** Name and words of a bridge, but for the host's end, which is a line of its own. */
export function bridgeLines(bridge: BridgeNode): string[] {
  const { subnet, marks } = bridgeWords(bridge);
  const end = hostEnd(bridge);
  return [bridge.name, subnet, ...marks.filter((each) => each !== end && each !== `host ${end}`)];
}

export function containerLines(container: ContainerNode): string[] {
  const { name, image, publish } = container;
  const ports = publish.map((each) => `port ${publishWords(each)}`);
  return [name, stateWords(container), `image ${image}`, ...ports];
}

/** Short ids for languages whose own words and signs could be in a name: `b1`, `c1`, `f1`, `v1`. */
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
