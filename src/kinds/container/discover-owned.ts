import { basename, dirname } from 'node:path';
import type { Probe } from '../../host/ports.js';
import { parseAddress } from '../../model/address.js';
import { UserError } from '../../model/errors.js';
import {
  aliasPrefix,
  bundleDir,
  cgroupPath,
  diskFile,
  type InstallPaths,
  idOf,
  idOfFile,
  logFile,
  memoryFilesDir,
  netnsPath,
  parseAlias,
  parseId,
} from '../../model/install-paths.js';
import type { Resource } from '../../model/resource.js';
import type { ContainerSpec, LinkSpec } from '../../model/specs.js';
import type { Adopted, Adoption, OwnedResource } from '../kind.js';

/** Finds containers by their links, network namespaces, cgroups, bundles, disks and logs. */
export function discoverOwned(probe: Probe, paths: InstallPaths): OwnedResource<ContainerSpec>[] {
  const links = linksById(probe, paths);
  const ids = new Set([...links.keys(), ...idsByName(probe, paths)]);
  return [...ids].flatMap((id) => {
    const parts = parseId(id);
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

function linksById(probe: Probe, paths: InstallPaths): Map<string, { link: string }[]> {
  const found = new Map<string, { link: string }[]>();
  for (const { name: link, alias } of probe.linksWithAlias(aliasPrefix(paths))) {
    const { stack, words } = parseAlias(paths, alias);
    const address = parseAddress(words[0] ?? '');
    if (address?.kind !== 'container') continue;
    const id = idOf(stack, address.name);
    found.set(id, [...(found.get(id) ?? []), { link }]);
  }
  return found;
}

/** Ids are read from the paths that contain them. */
function idsByName(probe: Probe, paths: InstallPaths): string[] {
  const mark = basename(netnsPath(paths, ''));
  const namespaces = probe.names(dirname(netnsPath(paths, '')));
  return [
    ...namespaces.filter((name) => name.startsWith(mark)).map((name) => name.slice(mark.length)),
    ...probe.groups(dirname(cgroupPath(paths, 'x'))),
    ...probe.names(dirname(bundleDir(paths, 'x'))),
    ...probe.names(memoryFilesDir(paths)),
    ...probe.names(dirname(diskFile(paths, ''))).flatMap((file) => idOfFile(file) ?? []),
    ...probe.names(dirname(logFile(paths, ''))).map((file) => file.replace(/\.log(\.tmp)?$/, '')),
  ];
}

/**
 * Adopts a disk, copied unless it is in the folder of disks; the next apply starts the container on it
 * rather than on a copy of its image. A running process cannot be adopted, because nothing tells how it
 * was started.
 */
export async function adopt(
  { address, spec }: Resource<ContainerSpec>,
  id: string | undefined,
  { host, probe, paths }: Adoption,
): Promise<Adopted<ContainerSpec>> {
  const place = diskFile(paths, spec.id);
  const file = id ?? place;
  const found = probe.file(file);
  if (!found || found.directory) {
    throw new UserError(
      `cannot import ${address}: there is no file ${file}`,
      'Of a container its disk can be imported; what runs must be started by baleine.',
    );
  }
  if (file !== place && probe.file(place)) {
    throw new UserError(`cannot import ${address}: ${place} exists`);
  }
  await host.disks.check(file);
  await host.files.ensureDir(dirname(place));
  if (file !== place) await host.disks.copy(file, place);
  return { spec, facts: {}, status: 'pending' };
}
