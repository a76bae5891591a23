import { fingerprint } from '../config/content-hash.js';
import type { Config, ForeignFrom, ImageFrom, ImageSource } from '../model/config.js';
import { UserError } from '../model/errors.js';
import { equal } from '../model/json.js';
import type { Row } from '../model/resource.js';
import { type ImageOrigin, type ImageSpec, KNOWN_AFTER_BUILD } from '../model/specs.js';
import type { Context } from './context.js';

/**
 * The origins of a file's foreign images, by name, so that the plan knows what their containers will
 * run. A recorded origin is used while the local files have not changed and the registry need not be
 * asked; otherwise the image is inspected, which takes programs and time.
 *
 * An image that cannot be inspected keeps its recorded origin if the context collects such errors.
 */
export async function resolveImages(
  context: Context,
  config: Config,
  rows: readonly Row[],
): Promise<Record<string, ImageOrigin>> {
  const origins: Record<string, ImageOrigin> = {};
  for (const { name, entry, recorded } of foreignImages(config, rows)) {
    if (context.neededImages && !context.neededImages.has(name)) {
      origins[name] = recorded ?? UNBUILT;
      continue;
    }
    const where = () => config.where(['images', name]);
    try {
      origins[name] = await resolveImage(context, entry, recorded, where, config.name);
    } catch (error) {
      if (!recorded || !context.unresolvedImages) throw error;
      context.unresolvedImages.set(name, error as Error);
      origins[name] = recorded;
    }
  }
  return origins;
}

/** Whether planning has to ask a registry, read an archive or build a Dockerfile. */
export function needsInspection(config: Config, rows: readonly Row[]): boolean {
  return foreignImages(config, rows).some(
    ({ entry, recorded }) => !isCurrent(recorded, entry, fingerprintOf(entry.from as ForeignFrom)),
  );
}

interface Foreign {
  name: string;
  entry: ImageSource;
  /** The recorded origin of the same source. */
  recorded: ImageOrigin | undefined;
}

function foreignImages(config: Config, rows: readonly Row[]): Foreign[] {
  return Object.entries(config.images).flatMap(([name, entry]): Foreign[] => {
    if (entry.external || !isForeign(entry.from)) return [];
    const row = rows.find(
      (each) => each.kind === 'image' && each.stack === config.name && each.name === name,
    ) as Row<ImageSpec> | undefined;
    // builds are not reproducible: a lost result is built again
    const isLost = isBuilt(entry.from) && row?.status === 'pending';
    const known = row && equal(row.spec.from, entry.from) && !isLost ? row.spec.origin : undefined;
    return [{ name, entry, recorded: known }];
  });
}

function isCurrent(
  known: ImageOrigin | undefined,
  { pull }: ImageSource,
  mark: string | undefined,
): boolean {
  return known !== undefined && known.fingerprint === mark && pull !== 'always';
}

export function isForeign(from: ImageFrom): from is ForeignFrom {
  return 'docker' in from || 'oci' in from || 'registry' in from || 'dockerfile' in from;
}

const isBuilt = (from: ImageFrom) => 'dockerfile' in from;

async function resolveImage(
  context: Context,
  entry: ImageSource,
  known: ImageOrigin | undefined,
  where: () => string,
  owner: string,
): Promise<ImageOrigin> {
  const from = entry.from as ForeignFrom;
  if (context.buildsLater && !known && 'dockerfile' in from) {
    await checkBuild(context, from, where);
    return UNBUILT;
  }
  const mark = fingerprintOf(from);
  if (known && isCurrent(known, entry, mark)) return known;
  if (mark === undefined && entry.pull === 'never') {
    throw notPulled(from as { registry: string }, where());
  }
  const found = await context.inspectImage(withArgs(from, context), entry.size, owner);
  const marked = { ...found, ...(mark !== undefined && { fingerprint: mark }) };
  // the same layers in another archive keep their size
  return known?.layers === found.layers ? { ...marked, bytes: known.bytes } : marked;
}

function withArgs(from: ForeignFrom, { buildArgs }: Context): ForeignFrom {
  if (!('dockerfile' in from) || Object.keys(buildArgs).length === 0) return from;
  const { dockerfile } = from;
  return { dockerfile: { ...dockerfile, args: { ...dockerfile.args, ...buildArgs } } };
}

/** Shown until the image is built, and for one that is not needed now. */
const UNBUILT: ImageOrigin = {
  layers: KNOWN_AFTER_BUILD,
  image: KNOWN_AFTER_BUILD,
  bytes: 0,
  config: { command: [KNOWN_AFTER_BUILD], environment: {} },
  unbuilt: true,
};

async function checkBuild(
  context: Context,
  from: Extract<ForeignFrom, { dockerfile: unknown }>,
  where: () => string,
): Promise<void> {
  const { images } = await context.host();
  try {
    await images.checkBuild(from);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`${where()}: ${error.message}`, error.hint, { cause: error });
  }
}

/** Undefined for an image of a registry. */
function fingerprintOf(from: ForeignFrom): string | undefined {
  if ('registry' in from) return undefined;
  if ('dockerfile' in from) {
    const { context, file, additional_contexts } = from.dockerfile;
    const more = Object.values(additional_contexts ?? {});
    return fingerprint([context, ...(file === undefined ? [] : [file]), ...more]);
  }
  return fingerprint(['docker' in from ? from.docker.path : from.oci.path]);
}

function notPulled({ registry }: { registry: string }, where: string): UserError {
  return new UserError(
    `${where}: ${registry} is not on this host, and pull: never forbids to fetch it`,
    'Say pull: missing for once.',
  );
}
