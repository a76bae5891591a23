import { dirname } from 'node:path';
import { UserError } from '../../model/errors.js';
import { formatBytes } from '../../model/format.js';
import type { Resource } from '../../model/resource.js';
import { imageFile } from '../../model/site.js';
import type { ImageSpec } from '../../model/specs.js';
import type { Adopted, Adoption } from '../kind.js';

/**
 * An ext4 file, copied unless it lies where images are. That its content is what the file asks for
 * nobody can tell: it counts as built from that.
 */
export async function adopt(
  { address, spec }: Resource<ImageSpec>,
  id: string | undefined,
  { host, probe, site }: Adoption,
): Promise<Adopted<ImageSpec>> {
  const place = imageFile(site, spec.id);
  const file = id ?? place;
  const found = probe.file(file);
  const refuse = (cause: string, hint?: string) =>
    new UserError(`cannot import ${address}: ${cause}`, hint);
  if (!found || found.directory) throw refuse(`there is no file ${file}`);
  if (file !== place && probe.file(place)) throw refuse(`${place} exists`);
  if (found.size !== spec.size) {
    const hint = `Give the image in the file \`size: ${found.size}\`.`;
    throw refuse(
      `${file} has ${formatBytes(found.size)}, the file says ${formatBytes(spec.size)}`,
      hint,
    );
  }
  await host.disks.check(file);
  await host.files.ensureDir(dirname(place));
  if (file !== place) await host.disks.copy(file, place);
  const facts = { created_at: new Date(probe.now).toISOString(), used: found.used };
  return { spec, facts, status: 'ready' };
}
