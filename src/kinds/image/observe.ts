import { dirname } from 'node:path';
import type { Probe } from '../../host/ports.js';
import { UserError } from '../../model/errors.js';
import { formatBytes } from '../../model/format.js';
import { type InstallPaths, idOfFile, imageFile, parseId } from '../../model/install-paths.js';
import type { Resource } from '../../model/resource.js';
import type { ImageFacts, ImageSpec } from '../../model/specs.js';
import type { Adopted, Adoption, OwnedResource } from '../kind.js';

export interface ObservedImage {
  /** Bytes of the file. */
  size: number;
}

export function observe(
  { id }: ImageSpec,
  _facts: ImageFacts | undefined,
  probe: Probe,
  site: InstallPaths,
): ObservedImage | undefined {
  const file = probe.file(imageFile(site, id));
  return file && !file.directory ? { size: file.size } : undefined;
}

/** What a look would find if nothing had moved since the row was written. */
export function assume({ size }: ImageSpec): ObservedImage {
  return { size };
}

export function foreign({ id }: ImageSpec, probe: Probe, site: InstallPaths): string | undefined {
  const path = imageFile(site, id);
  return probe.file(path) ? `${path} exists and is in no state file` : undefined;
}

/** By the names of files, those of unfinished builds too. */
export function discoverOwned(probe: Probe, site: InstallPaths): OwnedResource<ImageSpec>[] {
  const files = probe.names(dirname(imageFile(site, '')));
  const ids = new Set(files.flatMap((file) => idOfFile(file) ?? []));
  return [...ids].flatMap((id) => {
    const parts = parseId(id);
    // to remove an image takes its id and nothing else
    return parts ? [{ ...parts, spec: { id } as ImageSpec }] : [];
  });
}

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
