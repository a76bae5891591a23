import type { Probe } from '../../host/host.js';
import { imageFile, type Site } from '../../model/site.js';
import type { ImageFacts, ImageSpec } from '../../model/specs.js';

export interface ImageSeen {
  /** Bytes of the file. */
  size: number;
}

export function observe(
  { id }: ImageSpec,
  _facts: ImageFacts | undefined,
  probe: Probe,
  site: Site,
): ImageSeen | undefined {
  const file = probe.file(imageFile(site, id));
  return file && !file.directory ? { size: file.size } : undefined;
}

/** What a look would find if nothing had moved since the row was written. */
export function assume({ size }: ImageSpec): ImageSeen {
  return { size };
}

export function foreign({ id }: ImageSpec, probe: Probe, site: Site): string | undefined {
  const path = imageFile(site, id);
  return probe.file(path) ? `${path} exists and is in no state file` : undefined;
}
