import { dirname } from 'node:path';
import { UserError } from '../../model/errors.js';
import type { Resource } from '../../model/resource.js';
import { diskFile } from '../../model/site.js';
import type { ContainerSpec } from '../../model/specs.js';
import type { Adopted, Adoption } from '../kind.js';

/**
 * A disk, copied unless it lies where disks are; the next apply starts the container on it, not on
 * a copy of its image. A process that runs cannot be adopted: nobody knows how it was started.
 */
export async function adopt(
  { address, spec }: Resource<ContainerSpec>,
  id: string | undefined,
  { host, probe, site }: Adoption,
): Promise<Adopted<ContainerSpec>> {
  const place = diskFile(site, spec.id);
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
