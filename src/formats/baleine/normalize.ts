import type { Sections } from '../../config/check/validation-context.js';
import { defined, mapEntries, type ParseContext } from '../../config/values.js';
import type { BridgeEntry } from '../../model/config.js';
import { containerOf, farmOf } from './container.js';
import type { BaleineFile, Bridge } from './file.gen.js';
import { imageOf } from './image.js';

/** Expands all short forms of a schema-conforming file, and fills in the defaults. */
export function normalize(file: BaleineFile, reading: ParseContext): Sections {
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

function bridgeOf(raw: Bridge): BridgeEntry {
  if (raw?.external) return { external: true };
  const { subnet, host, isolated = false, uplink, protect = false } = raw ?? {};
  return defined({ subnet, host, isolated, uplink, protect });
}
