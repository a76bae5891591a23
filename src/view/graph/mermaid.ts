import { printable } from '../../model/printable.js';
import type { BridgeNode, ContainerNode, Topology } from '../../model/topology.js';
import { severityCounts } from './labels.js';
import {
  bridgeLines,
  containerLines,
  hasHost,
  hostEnd,
  type Ids,
  idsOf,
  partsOf,
} from './parts.js';

/**
 * A flowchart (mermaid.js.org/syntax/flowchart.html): bridges are hexagons, containers boxes in the
 * color of their state, a farm is a box around its servers, volumes are cylinders.
 */
export function mermaidGraph(topology: Topology): string {
  const ids = idsOf(topology);
  const { bridges, containers, volumes } = topology;
  const { farms, free } = partsOf(topology);
  const lines = [
    `%% stack ${printable(topology.stack)}`,
    'flowchart TB',
    ...(hasHost(topology) ? ['  host(["host"])'] : []),
    ...bridges.map((each) => `  ${bridgeNode(each, ids)}`),
    ...farms.flatMap(({ name, members }) => subgraph(name, members, ids)),
    ...free.map((each) => `  ${containerNode(each, ids)}`),
    ...volumes.map((name) => `  ${ids.volume(name)}[("${text(name)}")]`),
    ...bridges.flatMap((each) => hostLink(each, ids)),
    ...containers.flatMap((each) => links(each, ids)),
    ...styles(topology, ids),
  ];
  return `${lines.join('\n')}\n`;
}

function hostLink(bridge: BridgeNode, ids: Ids): string[] {
  const end = hostEnd(bridge);
  return end === undefined ? [] : [`  host ---|${quoted(end)}| ${ids.bridge(bridge.name)}`];
}

function bridgeNode(bridge: BridgeNode, ids: Ids): string {
  const label = bridgeLines(bridge).map(text).join('<br>');
  return `${ids.bridge(bridge.name)}{{"${label}"}}`;
}

function containerNode(container: ContainerNode, ids: Ids): string {
  const label = containerLines(container).map(text).join('<br>');
  return `${ids.container(container.name)}["${label}"]`;
}

function subgraph(farm: string, members: ContainerNode[], ids: Ids): string[] {
  return [
    `  subgraph ${ids.farm(farm)}["farm ${text(farm)}"]`,
    ...members.map((each) => `    ${containerNode(each, ids)}`),
    '  end',
  ];
}

function links(container: ContainerNode, ids: Ids): string[] {
  const { name, addresses, volumes, on_host: onHost } = container;
  const id = ids.container(name);
  return [
    ...(onHost ? [`  host --- ${id}`] : []),
    ...Object.entries(addresses).map(([bridge, address]) =>
      address === null
        ? `  ${ids.bridge(bridge)} --- ${id}`
        : `  ${ids.bridge(bridge)} ---|${quoted(address)}| ${id}`,
    ),
    ...volumes.map((volume) => `  ${id} -.- ${ids.volume(volume)}`),
  ];
}

const COLORS = {
  good: 'fill:#e3f4e8,stroke:#2c8a4b,color:#14532d',
  wait: 'fill:#fdf1d7,stroke:#b7791f,color:#5f3d06',
  bad: 'fill:#fde4e1,stroke:#c5362b,color:#7a1811',
  idle: 'fill:#eef0f3,stroke:#8a93a0,color:#3d4450',
};

/** Only the classes in use. */
function styles(topology: Topology, ids: Ids): string[] {
  return severityCounts(topology).flatMap(({ tone }) => {
    const members = topology.containers.filter((each) => each.tone === tone);
    return [
      `  classDef ${tone} ${COLORS[tone]}`,
      `  class ${members.map(({ name }) => ids.container(name)).join(',')} ${tone}`,
    ];
  });
}

const quoted = (value: string) => `"${text(value)}"`;

/** Escapes a label with entity codes, which start with `#`. */
function text(value: string): string {
  return printable(value).replace(/[#"<>&]/g, (sign) => `#${sign.codePointAt(0)};`);
}
