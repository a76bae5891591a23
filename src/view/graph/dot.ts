import { printable } from '../../model/printable.js';
import type { BridgeNode, ContainerNode, Topology } from '../../model/topology.js';
import {
  bridgeLines,
  containerLines,
  hasHost,
  hostEnd,
  type Ids,
  idsOf,
  partsOf,
} from './parts.js';

/** A graph for Graphviz (graphviz.org/doc/info/lang.html); a farm is a cluster. */
export function dotGraph(topology: Topology): string {
  const ids = idsOf(topology);
  const { bridges, containers, volumes } = topology;
  const { farms, free } = partsOf(topology);
  const statements = [
    `graph ${quoted(topology.stack)} {`,
    '  graph [fontname="Helvetica", rankdir=TB, nodesep=0.25, ranksep=0.6]',
    '  node [fontname="Helvetica", fontsize=11, style="filled,rounded", shape=box]',
    '  edge [fontname="Helvetica", fontsize=9, color="#8a93a0"]',
    ...(hasHost(topology) ? ['  host [label="host", shape=oval, fillcolor="#ffffff"]'] : []),
    ...bridges.map((each) => `  ${bridgeNode(each, ids)}`),
    ...farms.flatMap(({ name, members }) => cluster(name, members, ids)),
    ...free.map((each) => `  ${containerNode(each, ids)}`),
    ...volumes.map((name) => `  ${ids.volume(name)} [label=${quoted(name)}, ${VOLUME}]`),
    ...bridges.flatMap((each) => hostEdge(each, ids)),
    ...containers.flatMap((each) => edges(each, ids)),
    '}',
  ];
  return `${statements.join('\n')}\n`;
}

const VOLUME = 'shape=cylinder, style=filled, fillcolor="#eef0f3"';

function hostEdge(bridge: BridgeNode, ids: Ids): string[] {
  const end = hostEnd(bridge);
  return end === undefined ? [] : [`  host -- ${ids.bridge(bridge.name)} [label=${quoted(end)}]`];
}

function bridgeNode(bridge: BridgeNode, ids: Ids): string {
  const label = lines(...bridgeLines(bridge));
  return `${ids.bridge(bridge.name)} [label=${label}, shape=hexagon, style=filled, fillcolor="#dfe8fa"]`;
}

const COLORS = {
  good: 'fillcolor="#e3f4e8", color="#2c8a4b"',
  wait: 'fillcolor="#fdf1d7", color="#b7791f"',
  bad: 'fillcolor="#fde4e1", color="#c5362b"',
  idle: 'fillcolor="#eef0f3", color="#8a93a0"',
};

function containerNode(container: ContainerNode, ids: Ids): string {
  const { name, tone } = container;
  const label = lines(...containerLines(container));
  return `${ids.container(name)} [label=${label}, ${COLORS[tone]}]`;
}

/** Only subgraphs named cluster… get a box (graphviz.org/docs/clusters). */
function cluster(farm: string, members: ContainerNode[], ids: Ids): string[] {
  return [
    `  subgraph cluster_${ids.farm(farm)} {`,
    `    label=${quoted(`farm ${farm}`)}`,
    '    color="#8a93a0"',
    ...members.map((each) => `    ${containerNode(each, ids)}`),
    '  }',
  ];
}

function edges(container: ContainerNode, ids: Ids): string[] {
  const { name, addresses, volumes, on_host: onHost } = container;
  const id = ids.container(name);
  return [
    ...(onHost ? [`  host -- ${id}`] : []),
    ...Object.entries(addresses).map(
      ([bridge, address]) =>
        `  ${ids.bridge(bridge)} -- ${id}${address === null ? '' : ` [label=${quoted(address)}]`}`,
    ),
    ...volumes.map((volume) => `  ${id} -- ${ids.volume(volume)} [style=dashed]`),
  ];
}

const quoted = (text: string) => `"${escaped(text)}"`;
const lines = (...texts: string[]) => `"${texts.map(escaped).join('\\n')}"`;

function escaped(text: string): string {
  return printable(text).replace(/["\\]/g, '\\$&');
}
