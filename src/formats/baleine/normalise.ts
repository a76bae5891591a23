import type { Sections } from '../../config/check/validation-context.js';
import { containerOf, farmOf } from './container.js';
import type { BaleineFile } from './file.gen.js';
import { imageOf } from './image.js';
import { bridgeOf } from './network.js';
import { mapEntries, type Reading } from './values.js';

/** Expands all short forms of a schema-conforming file, and fills in the defaults. */
export function normalise(file: BaleineFile, reading: Reading): Sections {
  return {
    name: file.name,
    images: mapEntries(file.images, (raw, name) => imageOf(raw, ['images', name], reading)),
    bridges: mapEntries(file.bridges, bridgeOf),
    volumes: mapEntries(file.volumes, (raw) => ({ protect: raw?.protect ?? false })),
    containers: mapEntries(file.containers, (raw, name) =>
      containerOf(raw, ['containers', name], reading),
    ),
    farms: mapEntries(file.farms, (raw, name) => farmOf(raw, ['farms', name], reading)),
  };
}
