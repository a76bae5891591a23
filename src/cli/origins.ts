import { fingerprint } from '../config/sources.js';
import type { Config, ForeignFrom, ImageFrom, ImageSource } from '../model/config.js';
import { UserError } from '../model/errors.js';
import { equal } from '../model/json.js';
import type { Row } from '../model/resource.js';
import type { ImageOrigin, ImageSpec } from '../model/specs.js';
import type { Context } from './context.js';

/**
 * What the foreign images of a file are, by name, so that the plan can tell what their containers
 * will run. What is on record is believed as long as the local files have not changed, or the
 * registry need not be asked; otherwise each is looked at, which takes programs and time.
 */
export async function originsOf(
  context: Context,
  config: Config,
  rows: readonly Row[],
): Promise<Record<string, ImageOrigin>> {
  const origins: Record<string, ImageOrigin> = {};
  for (const [name, entry] of Object.entries(config.images)) {
    if (entry.external || !isForeign(entry.from)) continue;
    const row = rows.find(
      (each) => each.kind === 'image' && each.stack === config.name && each.name === name,
    );
    const where = config.where(['images', name]);
    origins[name] = await originOf(context, entry, row as Row<ImageSpec> | undefined, where);
  }
  return origins;
}

export function isForeign(from: ImageFrom): from is ForeignFrom {
  return 'docker' in from || 'oci' in from || 'registry' in from || 'dockerfile' in from;
}

const isBuilt = (from: ImageFrom) => 'dockerfile' in from;

async function originOf(
  context: Context,
  { from, pull, size }: ImageSource,
  row: Row<ImageSpec> | undefined,
  where: string,
): Promise<ImageOrigin> {
  // A Dockerfile need not give the same twice: one whose result was lost is built anew.
  const usable = row && equal(row.spec.from, from) && !(isBuilt(from) && row.status === 'pending');
  const known = usable ? row.spec.origin : undefined;
  const mark = fingerprintOf(from as ForeignFrom);
  if (known && known.fingerprint === mark && pull !== 'always') return known;
  if (mark === undefined && pull === 'never') throw notHere(from as { registry: string }, where);
  const found = await (await context.host()).images.inspect(from as ForeignFrom, size);
  const marked = { ...found, ...(mark !== undefined && { fingerprint: mark }) };
  // Another packing of the same layers is no reason for another size.
  return known?.layers === found.layers ? { ...marked, bytes: known.bytes } : marked;
}

/** Undefined for a registry's. */
function fingerprintOf(from: ForeignFrom): string | undefined {
  if ('registry' in from) return undefined;
  if ('dockerfile' in from) {
    const { context, file } = from.dockerfile;
    return fingerprint(file === undefined ? [context] : [context, file]);
  }
  return fingerprint(['docker' in from ? from.docker.path : from.oci.path]);
}

function notHere({ registry }: { registry: string }, where: string): UserError {
  return new UserError(
    `${where}: ${registry} is not on this host, and pull: never forbids to fetch it`,
    'Say pull: missing for once.',
  );
}
