import type { ImageConfig, ImageSource } from '../../model/config.js';
import { UserError } from '../../model/errors.js';
import { formatBytes } from '../../model/format.js';
import { imageVersion, originalOf, sizeFor } from '../../model/image-version.js';
import { idOf, imageFile, previousFile } from '../../model/install-paths.js';
import type { Resource, Row } from '../../model/resource.js';
import type { ContainerSpec, ImageSpec } from '../../model/specs.js';
import { type Context, externalRow } from '../desired-context.js';
import { recordedSpec } from '../recorded.js';

/** Enough for a small system. The file is sparse, so unused space costs nothing. */
const DEFAULT_SIZE = 512 * 1024 ** 2;

export interface Images {
  resources: Resource<ImageSpec>[];
  /** Of every image named in the file, including external ones. */
  specs: Map<string, ImageSpec>;
}

export function desiredImages(context: Context): Images {
  const specs = new Map<string, ImageSpec>();
  const resources = Object.keys(context.config.images).flatMap((name) => {
    const entry = context.config.images[name];
    if (!entry) return [];
    const spec = specOf(name, context, specs);
    return entry.external ? [] : [resource(name, entry, spec, context)];
  });
  return { resources, specs };
}

/**
 * Resolves bases first, in whatever order the file has them. Cycles were rejected when the file was
 * checked.
 */
function specOf(name: string, context: Context, specs: Map<string, ImageSpec>): ImageSpec {
  const known = specs.get(name);
  if (known) return known;
  const entry = context.config.images[name];
  const spec =
    !entry || entry.external ? externalSpec(name, context) : ownSpec(name, entry, context, specs);
  specs.set(name, spec);
  return spec;
}

function externalSpec(name: string, context: Context): ImageSpec {
  const row = externalRow<ImageSpec>(
    context,
    'image',
    { entry: name },
    ({ id }, { image }) => image.file === imageFile(context.paths, id),
  );
  if (row) return row.spec;
  throw new UserError(
    `${context.config.where(['images', name])}: image ${name} is external, but this host has no image of that name`,
    'Create it with the stack that owns it first, or declare it here with `from:`.',
  );
}

function ownSpec(
  name: string,
  { from, copy, run, config, size }: ImageSource,
  context: Context,
  specs: Map<string, ImageSpec>,
): ImageSpec {
  const parent = 'image' in from ? specOf(from.image, context, specs) : undefined;
  const sources = context.sources[name];
  if (size !== undefined && parent && size < parent.size) throw tooSmall(name, parent, context);
  const origin = context.origins[name];
  const recorded = recordedSpec<ImageSpec>(context, 'image', name);
  const original = parent && originalOf(parent);
  const spec: ImageSpec = {
    id: recorded?.id ?? idOf(context.config.name, name),
    size: size ?? parent?.size ?? (origin ? sizeFor(origin.bytes) : DEFAULT_SIZE),
    from,
    ...(parent && {
      base: { file: imageFile(context.paths, parent.id), version: imageVersion(parent) },
    }),
    copy,
    run,
    ...(sources !== undefined && { sources }),
    ...(origin && { origin }),
    config: inherit(parent?.config ?? origin?.config, config),
    ...(original && { original }),
  };
  const previous = previousVersion(recorded, spec, context);
  return previous === undefined ? spec : { ...spec, previous };
}

function tooSmall(name: string, { size }: ImageSpec, { config }: Context): UserError {
  return new UserError(
    `${config.where(['images', name, 'size'])}: image ${name} is smaller than its base, which has ${formatBytes(size)}`,
    'Remove size to use the same, or increase it.',
  );
}

const BUILT_LATER =
  'is built by apply; what it brings, such as a command, variables, a user or a health check, is known then';

function resource(
  name: string,
  { from, protect }: ImageSource,
  spec: ImageSpec,
  { config }: Context,
): Resource<ImageSpec> {
  const base = 'image' in from ? from.image : undefined;
  const needs = base && !config.images[base]?.external ? ([`image.${base}`] as const) : [];
  const isBuiltLater = spec.origin?.unbuilt === true;
  return {
    address: `image.${name}`,
    kind: 'image',
    name,
    spec,
    needs: [...needs],
    protect,
    ...(isBuiltLater && { warnings: [BUILT_LATER] }),
  };
}

/**
 * The version of an image to keep next to the one that is built: the one that containers run on.
 * Versions that no container ever ran on, or that failed, are not kept. Undefined for none.
 */
export function previousVersion(
  recorded: ImageSpec | undefined,
  desired: ImageSpec,
  context: Pick<Context, 'rows' | 'paths'>,
): string | undefined {
  if (!recorded) return undefined;
  const current = imageVersion(recorded);
  const { previous } = recorded;
  if (current === imageVersion(desired)) return previous;
  const running = versionsRun(recorded.id, context);
  if (previous !== undefined && running.has(previous)) return previous;
  return running.has(current) ? current : previous;
}

/** Versions that containers of any stack run on. */
function versionsRun(id: string, { rows, paths }: Pick<Context, 'rows' | 'paths'>): Set<string> {
  const files = [imageFile(paths, id), previousFile(paths, id)];
  const users = (rows as readonly Row<ContainerSpec>[]).filter(
    ({ kind, status, spec }) =>
      kind === 'container' && status === 'ready' && files.includes(spec.image.file),
  );
  return new Set(users.map(({ spec }) => spec.image.version));
}

/**
 * Applies an image's own config on top of its base, by the rules of a Dockerfile: variables and
 * labels are merged, and an own entrypoint discards the inherited command.
 */
export function inherit(base: ImageConfig | undefined, own: ImageConfig): ImageConfig {
  if (!base) return own;
  const { command, ...rest } = base;
  const labels = { ...base.labels, ...own.labels };
  return {
    ...rest,
    ...(command && !own.entrypoint && { command }),
    ...own,
    environment: { ...base.environment, ...own.environment },
    ...(Object.keys(labels).length > 0 && { labels }),
  };
}
