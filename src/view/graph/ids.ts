import type { Topology } from '../../model/topology.js';

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
