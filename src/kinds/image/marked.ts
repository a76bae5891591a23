import { dirname } from 'node:path';
import type { Probe } from '../../host/host.js';
import { idOfFile, imageFile, partsOf, type Site } from '../../model/site.js';
import type { ImageSpec } from '../../model/specs.js';
import type { Marked } from '../kind.js';

/** By the names of files, those of unfinished builds too. */
export function marked(probe: Probe, site: Site): Marked<ImageSpec>[] {
  const files = probe.names(dirname(imageFile(site, '')));
  const ids = new Set(files.flatMap((file) => idOfFile(file) ?? []));
  return [...ids].flatMap((id) => {
    const parts = partsOf(id);
    // to remove an image takes its id and nothing else
    return parts ? [{ ...parts, spec: { id } as ImageSpec }] : [];
  });
}
