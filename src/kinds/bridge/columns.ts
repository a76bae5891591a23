import type { Column } from '../../model/column.js';
import type { Row } from '../../model/resource.js';
import type { BridgeSpec, ContainerSpec } from '../../model/specs.js';

/** The original system's columns, then ours. */
export const columns: Column<BridgeSpec, unknown>[] = [
  { header: 'ID', value: ({ spec }) => spec.link },
  { header: 'NOM_BRIDGE', value: ({ name }) => name },
  { header: 'ID_CONTAINERS', across: ({ spec }, rows) => containersOn(spec.link, rows).join(',') },
  { header: 'SOUS_RESEAU', value: ({ spec }) => spec.subnet ?? '' },
  { header: 'ADRESSE', value: ({ spec }) => spec.host ?? '' },
  { header: 'INTERFACE', value: ({ spec }) => spec.uplink ?? '' },
];

/** Ids of those with a link there, of whatever stack. */
function containersOn(bridge: string, rows: readonly Row[]): string[] {
  return rows
    .filter(({ kind }) => kind === 'container')
    .map(({ spec }) => spec as ContainerSpec)
    .filter(({ links }) => links.some(({ bridge_link }) => bridge_link === bridge))
    .map(({ id }) => id)
    .sort();
}
