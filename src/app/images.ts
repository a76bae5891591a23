import { resolve } from 'node:path';
import type { Exported, ExportFormat, Probe } from '../host/ports.js';
import { describeSource } from '../kinds/image/columns.js';
import { byName, IMPERATIVE_STACK } from '../model/address.js';
import { UserError } from '../model/errors.js';
import { originalOf } from '../model/image-version.js';
import { type InstallPaths, imageFile, previousFile } from '../model/install-paths.js';
import { equal } from '../model/json.js';
import { isNeverCreated, type Row } from '../model/resource.js';
import type { ImageSpec } from '../model/specs.js';
import type { Context } from './context.js';
import { jsonLine } from './frontend.js';
import { applyChange, withStoreOrWait } from './imperative/change.js';
import { type ConfigEntries, EXTERNAL } from './imperative/flags-to-config.js';
import {
  completeRow,
  imperativeRow,
  namedAddress,
  refuseExisting,
  refuseUsed,
  rowsOf,
  usableRow,
  usersIn,
} from './imperative/record.js';
import type { ChangeOptions } from './options.js';

/** As options of `image create`. */
export interface DetectedSource {
  fromDocker?: string;
  fromOci?: string;
  fromDirectory?: string;
  fromTar?: string;
  fromRegistry?: string;
}

/** Detects what the argument of `image import` is, by its content. */
export async function detectSource(file: string): Promise<DetectedSource> {
  const { detect } = await import('../host/linux/images/detect.js');
  const path = resolve(file);
  switch (await detect(path)) {
    case 'docker':
      return { fromDocker: path };
    case 'oci':
      return { fromOci: path };
    case 'directory':
      return { fromDirectory: path };
    case 'tar':
      return { fromTar: path };
    case undefined:
      if (/^[./]/.test(file)) throw new UserError(`cannot import ${file}: no such file`);
      return { fromRegistry: file };
  }
}

/** Creates an image. @param base the image that it is made from, if any */
export function createImage(
  context: Context,
  name: string,
  entries: ConfigEntries,
  base: string | undefined,
  options: ChangeOptions,
): Promise<number> {
  const purpose = `create image ${name}`;
  return applyChange(context, options, (rows) => {
    refuseExisting(rows, 'image', name, purpose);
    if (base !== undefined) completeRow(rows, 'image', base, purpose);
    return { purpose, entries, targets: [namedAddress('image', name, purpose)] };
  });
}

/**
 * Fetches an image from a registry. One that was fetched from the same place before is brought up to
 * date.
 *
 * @throws UserError if an image of another source has the name
 */
export function pullImage(
  context: Context,
  reference: string,
  name: string,
  options: ChangeOptions,
): Promise<number> {
  const purpose = `pull image ${reference} as ${name}`;
  const from = { registry: reference };
  return applyChange(context, options, async (rows) => {
    if (!equal(ownRow(rows, name)?.spec.from, from)) refuseExisting(rows, 'image', name, purpose);
    return {
      purpose,
      entries: { images: { [name]: { from, pull: 'always' } } },
      targets: [namedAddress('image', name, purpose)],
    };
  });
}

/** Copies an image to a registry. @param reference its name there */
export function pushImage(
  context: Context,
  name: string,
  reference: string,
  options: ChangeOptions,
): Promise<number> {
  const purpose = `push image ${name}`;
  if (!REFERENCE.test(reference)) {
    throw new UserError(
      `cannot ${purpose}: ${JSON.stringify(reference)} names no image in a registry`,
      'For instance: registry.example:5000/team/app:1.2',
    );
  }
  return withStoreOrWait(context, options, async ({ rows }) => {
    const row = completeRow(rows, 'image', name, purpose);
    const { images } = await context.host();
    await context.undoable(() => images.push(exportedImage(context, row, reference)));
    const { frontend } = context;
    const done = { image: name, reference };
    frontend.report(options.json ? jsonLine(done) : `image.${name} is pushed to ${reference}\n`);
    return 0;
  });
}

/** As in `from: {registry}`, without a digest. */
const REFERENCE = /^[A-Za-z0-9][A-Za-z0-9._:/-]*$/;

/**
 * Gives an image a second name, which ends with a tag. It keeps its content when the image is replaced
 * or removed, and costs no space. A tag of another image moves to this one.
 *
 * @throws UserError for a name that an image has of itself
 */
export function tagImage(
  context: Context,
  image: string,
  name: string,
  options: ChangeOptions,
): Promise<number> {
  const purpose = `tag image ${image} as ${name}`;
  if (!name.includes(':')) {
    throw new UserError(`cannot ${purpose}: it has no tag`, `For instance: ${name}:1.0`);
  }
  return applyChange(context, options, (rows) => {
    completeRow(rows, 'image', image, purpose);
    const former = ownRow(rows, name);
    if (image === name || (former && !isTag(former))) refuseExisting(rows, 'image', name, purpose);
    return {
      purpose,
      entries: { images: { [image]: EXTERNAL, [name]: { from: { image } } } },
      targets: [namedAddress('image', name, purpose)],
    };
  });
}

const ownRow = (rows: readonly Row[], name: string) =>
  rowsOf(rows, 'image').find((row) => row.stack === IMPERATIVE_STACK && row.name === name);

/** Whether an image is only a second name of the one that it was made from. */
function isTag({ stack, name, spec: { from, copy, run } }: Row<ImageSpec>): boolean {
  const isUnchanged = 'image' in from && copy.length === 0 && run.length === 0;
  return stack === IMPERATIVE_STACK && name.includes(':') && isUnchanged;
}

/** Writes an image for other tools. The lock keeps others from rebuilding it at the same time. */
export function exportImage(
  context: Context,
  name: string,
  file: string,
  options: ChangeOptions & { format: ExportFormat; reference?: string },
): Promise<number> {
  const { format, reference = referenceOf(name), json } = options;
  return withStoreOrWait(context, options, async ({ rows }) => {
    const row = completeRow(rows, 'image', name, `export image ${name}`);
    const { images } = await context.host();
    const what = exportedImage(context, row, reference);
    await context.undoable(() => images.export(what, file, format));
    const { frontend } = context;
    const done = { image: name, file, format, reference };
    frontend.report(json ? jsonLine(done) : `image.${name} exported to ${file}\n`);
    return 0;
  });
}

/** As other tools name it. */
const referenceOf = (name: string) => (name.includes(':') ? name : `${name}:latest`);

/** A recorded image as other tools get it. @param reference its name and tag there */
export function exportedImage(
  { paths }: Context,
  { spec, facts }: Row<ImageSpec, { created_at?: unknown }>,
  reference: string,
): Exported {
  const original = originalOf(spec);
  return {
    source: { file: imageFile(paths, spec.id) },
    config: spec.config,
    ...(original && { original }),
    reference,
    created: createdAt(spec) ?? String(facts.created_at ?? new Date(0).toISOString()),
  };
}

/** An unchanged image keeps its creation time. */
function createdAt({ origin, copy, run, config }: ImageSpec): string | undefined {
  const created = origin?.original?.image.created;
  const isUnchanged = copy.length === 0 && run.length === 0 && equal(config, origin?.config);
  return isUnchanged && typeof created === 'string' ? created : undefined;
}

/** Details of images. */
export function inspectImages(context: Context, names: readonly string[]): object[] {
  const { rows } = context.state();
  return names.map((name) => {
    const { stack, spec, facts } = usableRow(rows, 'image', name, `inspect image ${name}`);
    const users = usersOf(rows, spec.id, context.paths).map((row) => `${row.stack}.${row.name}`);
    return { name, stack, ...facts, ...spec, users };
  });
}

/** @throws UserError for an image that is in use */
export function removeImages(
  context: Context,
  names: string[],
  options: ChangeOptions,
): Promise<number> {
  const purpose = `remove image ${names.join(', ')}`;
  return applyChange(context, options, (rows) => {
    for (const name of names) {
      const { spec } = imperativeRow(rows, 'image', name, `remove image ${name}`);
      refuseUsed(`remove image ${name}`, usersOf(rows, spec.id, context.paths));
    }
    return { purpose, removed: names.map((name) => namedAddress('image', name, purpose)) };
  });
}

/** Names of unused imperative images: one is unused once the last image made from it is removed. */
export function unusedImages(rows: readonly Row[], paths: InstallPaths): string[] {
  const pruned = new Set<string>();
  const left = () => rows.filter(({ name, kind }) => kind !== 'image' || !pruned.has(name));
  const unused = () =>
    rowsOf(left(), 'image').filter(
      ({ stack, spec }) =>
        stack === IMPERATIVE_STACK && usersOf(left(), spec.id, paths).length === 0,
    );
  for (let next = unused(); next.length > 0; next = unused()) {
    for (const { name } of next) pruned.add(name);
  }
  return [...pruned];
}

/** An image as `image list --json` has it. */
export interface ListedImage {
  name: string;
  stack: string;
  id: string;
  /** Its first creation failed or was interrupted: create it again, or remove it. */
  unfinished?: true;
  /** Bytes of the file, and those it occupies with the version kept beside it; null if it was lost. */
  size: number;
  used: number | null;
  source: string;
  created_at?: string;
  /** Ids of the containers made from it. */
  containers: string[];
}

/** Images of every stack as they are on the host now. */
export function describeImages(
  rows: readonly Row[],
  probe: Probe,
  paths: InstallPaths,
): ListedImage[] {
  return rowsOf(rows, 'image')
    .sort((a, b) => byName(a.stack, b.stack) || byName(a.name, b.name))
    .map(({ name, stack, spec, facts, ...row }) => ({
      name,
      stack,
      id: spec.id,
      ...(isNeverCreated({ ...row, name, stack, spec, facts }) && { unfinished: true as const }),
      size: spec.size,
      used: usedBy(spec.id, probe, paths),
      source: describeSource(spec.from),
      ...(typeof facts.created_at === 'string' && { created_at: facts.created_at }),
      containers: rowsOf(usersOf(rows, spec.id, paths), 'container').map((row) => row.spec.id),
    }));
}

/** Bytes that it occupies, with the version kept beside it; null if it is lost. */
export function usedBy(id: string, probe: Probe, paths: InstallPaths): number | null {
  const file = probe.file(imageFile(paths, id));
  return file ? file.used + (probe.file(previousFile(paths, id))?.used ?? 0) : null;
}

/** Containers and images made from an image, of any stack, but its tags, which can do without it. */
function usersOf(rows: readonly Row[], id: string, paths: InstallPaths): Row[] {
  const file = imageFile(paths, id);
  const files = [file, previousFile(paths, id)];
  return [
    ...usersIn(rows).filter(({ spec }) => files.includes(spec.image.file)),
    ...rowsOf(rows, 'image').filter((row) => row.spec.base?.file === file && !isTag(row)),
  ];
}
