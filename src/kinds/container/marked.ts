import { basename, dirname } from 'node:path';
import type { Probe } from '../../host/host.js';
import { parseAddress } from '../../model/address.js';
import {
  aliasPrefix,
  bundleDir,
  cgroupPath,
  diskFile,
  idOf,
  idOfFile,
  logFile,
  netnsPath,
  partsOf,
  partsOfAlias,
  type Site,
} from '../../model/site.js';
import type { ContainerSpec, LinkSpec } from '../../model/specs.js';
import type { Marked } from '../kind.js';

/** By links, network namespaces, cgroups, bundles, disks and logs, whichever are left. */
export function marked(probe: Probe, site: Site): Marked<ContainerSpec>[] {
  const links = linksById(probe, site);
  const ids = new Set([...links.keys(), ...idsByName(probe, site)]);
  return [...ids].flatMap((id) => {
    const parts = partsOf(id);
    if (!parts) return [];
    const known: Partial<ContainerSpec> = {
      id,
      links: (links.get(id) ?? []) as LinkSpec[],
      stop_signal: 'SIGKILL',
      stop_grace_period: 0,
    };
    return [{ ...parts, spec: known as ContainerSpec }];
  });
}

function linksById(probe: Probe, site: Site): Map<string, { link: string }[]> {
  const found = new Map<string, { link: string }[]>();
  for (const { name: link, alias } of probe.linksWithAlias(aliasPrefix(site))) {
    const { stack, words } = partsOfAlias(site, alias);
    const address = parseAddress(words[0] ?? '');
    if (address?.kind !== 'container') continue;
    const id = idOf(stack, address.name);
    found.set(id, [...(found.get(id) ?? []), { link }]);
  }
  return found;
}

/** Every path that is made of an id tells of it. */
function idsByName(probe: Probe, site: Site): string[] {
  const mark = basename(netnsPath(site, ''));
  const namespaces = probe.names(dirname(netnsPath(site, '')));
  return [
    ...namespaces.filter((name) => name.startsWith(mark)).map((name) => name.slice(mark.length)),
    ...probe.groups(dirname(cgroupPath(site, 'x'))),
    ...probe.names(dirname(bundleDir(site, 'x'))),
    ...probe.names(dirname(diskFile(site, ''))).flatMap((file) => idOfFile(file) ?? []),
    ...probe.names(dirname(logFile(site, ''))).map((file) => file.replace(/\.log(\.tmp)?$/, '')),
  ];
}
