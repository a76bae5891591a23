import { dirname } from 'node:path';
import type { Probe } from '../../host/ports.js';
import { UserError } from '../../model/errors.js';
import { formatBytes } from '../../model/format.js';
import {
  type InstallPaths,
  idOfFile,
  imageCacheDir,
  imageFile,
  parseId,
} from '../../model/install-paths.js';
import type { Resource } from '../../model/resource.js';
import type { ImageFacts, ImageSpec } from '../../model/specs.js';
import type { Adopted, Adoption, OwnedResource } from '../kind.js';

export interface ObservedImage {
  /** Size of the file in bytes. */
  size: number;
}

export function observe(
  { id }: ImageSpec,
  _facts: ImageFacts | undefined,
  probe: Probe,
  paths: InstallPaths,
): ObservedImage | undefined {
  const file = probe.file(imageFile(paths, id));
  return file && !file.directory ? { size: file.size } : undefined;
}

/** What `observe` would return without drift. */
export function assume({ size }: ImageSpec): ObservedImage {
  return { size };
}

export function foreign({ id }: ImageSpec, probe: Probe, paths: InstallPaths): string | undefined {
  const path = imageFile(paths, id);
  return probe.file(path) ? `${path} exists and is in no state file` : undefined;
}

/** Found by file name, including unfinished builds, and by their stages. */
export function discoverOwned(probe: Probe, paths: InstallPaths): OwnedResource<ImageSpec>[] {
  const files = probe.names(dirname(imageFile(paths, '')));
  const stages = probe.names(imageCacheDir(paths));
  const ids = new Set([...files.flatMap((file) => idOfFile(file) ?? []), ...stages]);
  return [...ids].flatMap((id) => {
    const parts = parseId(id);
    // removing an image needs only its id
    return parts ? [{ ...parts, spec: { id } as ImageSpec }] : [];
  });
}

/**
 * Imports an ext4 file, copying it unless it is already in place. Its content cannot be verified,
 * so it counts as built from the current file.
 */
export async function adopt(
  { address, spec }: Resource<ImageSpec>,
  id: string | undefined,
  { host, probe, paths }: Adoption,
): Promise<Adopted<ImageSpec>> {
  const place = imageFile(paths, spec.id);
  const file = id ?? place;
  const found = probe.file(file);
  const refuse = (cause: string, hint?: string) =>
    new UserError(`cannot import ${address}: ${cause}`, hint);
  if (!found || found.directory) throw refuse(`there is no file ${file}`);
  if (file !== place && probe.file(place)) throw refuse(`${place} exists`);
  if (found.size !== spec.size) {
    const hint = `Set \`size: ${found.size}\` for the image in the file.`;
    throw refuse(
      `${file} has ${formatBytes(found.size)}, but the file says ${formatBytes(spec.size)}`,
      hint,
    );
  }
  await host.disks.check(file);
  await host.files.ensureDir(dirname(place));
  if (file !== place) await host.disks.copy(file, place);
  const facts = { created_at: new Date(probe.now).toISOString(), used: found.used };
  return { spec, facts, status: 'ready' };
}
