import type { Probe } from '../../host/host.js';
import { byName } from '../../model/names.js';
import type { Row } from '../../model/resource.js';
import { rowsOf } from './record.js';

/** A bridge as `network list --json` has it. */
export interface ListedNetwork {
  name: string;
  stack: string;
  /** Its interface on the host. */
  link: string;
  subnet?: string;
  host?: string;
  uplink?: string;
  isolated: boolean;
  up: boolean;
  /** Ids of the containers with an interface on it now. */
  connected: string[];
  /** Ids of those that are to have one when they run. */
  containers: string[];
}

/** Of every stack, as they are on the host now. */
export function describeNetworks(rows: readonly Row[], probe: Probe): ListedNetwork[] {
  const links = rowsOf(rows, 'container').flatMap(({ spec }) =>
    spec.links.map((link) => ({ id: spec.id, ...link })),
  );
  return rowsOf(rows, 'bridge')
    .sort((a, b) => byName(a.stack, b.stack) || byName(a.name, b.name))
    .map(({ name, stack, spec: { alias: _alias, ...spec } }) => {
      const members = links.filter(({ bridge_link }) => bridge_link === spec.link);
      const connected = members.filter(({ link }) => probe.link(link)?.master === spec.link);
      return {
        name,
        stack,
        ...spec,
        up: probe.link(spec.link)?.up ?? false,
        connected: connected.map(({ id }) => id),
        containers: members.map(({ id }) => id),
      };
    });
}
