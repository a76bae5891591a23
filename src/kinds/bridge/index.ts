import type { Column, Row } from '../../model/resource.js';
import type { BridgeSpec, ContainerSpec } from '../../model/specs.js';
import type { Kind } from '../kind.js';
import { compare } from './compare.js';
import { adopt, assume, discoverOwned, foreign, type ObservedBridge, observe } from './observe.js';
import type { BridgeVerbs } from './steps.js';
import { create, remove, update } from './steps.js';

/** The columns of the original system, then ours. */
const columns: Column<BridgeSpec, unknown>[] = [
  { header: 'ID', value: ({ spec }) => spec.link },
  { header: 'NOM_BRIDGE', value: ({ name }) => name },
  { header: 'ID_CONTAINERS', across: ({ spec }, rows) => containersOn(spec.link, rows).join(',') },
  { header: 'SOUS_RESEAU', value: ({ spec }) => spec.subnet ?? '' },
  { header: 'ADRESSE', value: ({ spec }) => spec.host ?? '' },
  { header: 'INTERFACE', value: ({ spec }) => spec.uplink ?? '' },
];

/** A Linux bridge that connects containers, the host and an uplink of the host. */
export const bridge: Kind<BridgeSpec, unknown, ObservedBridge, BridgeVerbs> = {
  name: 'bridge',
  table: { file: 'bridges.csv', columns },
  identity: ({ link }) => link,
  observe,
  assume,
  foreign,
  discoverOwned,
  compare,
  create,
  update,
  remove,
  adopt,
  preflight: async () => (await import('./preflight.js')).preflight,
  handlers: async (host) => (await import('./handlers.js')).bridgeHandlers(host),
};

/** Ids of the containers of any stack with a link on the bridge. */
function containersOn(bridge: string, rows: readonly Row[]): string[] {
  return rows
    .filter(({ kind }) => kind === 'container')
    .map(({ spec }) => spec as ContainerSpec)
    .filter(({ links }) => links.some(({ bridge_link }) => bridge_link === bridge))
    .map(({ id }) => id)
    .sort();
}
