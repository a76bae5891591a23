import { addressOf, type KindName } from '../../model/address.js';
import { volumeDir } from '../../model/install-paths.js';
import type { Row } from '../../model/resource.js';
import type { VolumeSpec } from '../../model/specs.js';
import type { Context } from './context.js';

/**
 * What this stack has on record of a resource. How a thing is called on the host (its interface,
 * file or folder) stays as it was made or found, even when its name has changed since.
 */
export function recordedSpec<Spec>(
  { rows, config }: Pick<Context, 'rows' | 'config'>,
  kind: KindName,
  name: string,
): Spec | undefined {
  const found = byPlace(rows).get(placeOf(config.name, kind, name));
  return found?.spec as Spec | undefined;
}

/** Every container asks, so that looking through the rows would grow with the square of them. */
function byPlace(rows: readonly Row[]): Map<string, Row> {
  const known = places.get(rows);
  if (known) return known;
  const made = new Map(rows.map((row) => [placeOf(row.stack, row.kind, row.name), row]));
  places.set(rows, made);
  return made;
}

const places = new WeakMap<readonly Row[], Map<string, Row>>();

const placeOf = (stack: string, kind: KindName, name: string) =>
  `${stack}/${addressOf(kind, name)}`;

/** The folder of a volume: where its data lies, else where it is to be. */
export function volumePath(name: string, context: Context): string {
  const recorded = recordedSpec<VolumeSpec>(context, 'volume', name);
  return recorded?.path ?? volumeDir(context.site, context.config.name, name);
}
