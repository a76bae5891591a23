import { dirname } from 'node:path';
import type { Host, StageInputs } from '../../host/ports.js';
import type { ImageFrom } from '../../model/config.js';
import { DiskFullError, messageOf, UserError } from '../../model/errors.js';
import { formatBytes } from '../../model/format.js';
import type { ImageFacts, ImageOrigin } from '../../model/specs.js';
import type { Facts, Handlers } from '../../model/step.js';
import type { ImageVerbs } from './steps.js';

type Build = ImageVerbs['image.build'];

/** The planner has decided that a build is needed. The file appears whole or not at all. */
export function imageHandlers(host: Host): Handlers<ImageVerbs> {
  return {
    'image.build': { one: (args) => build(host, args).catch((error) => explain(error, args)) },
    'image.remove': {
      one: async ({ id, files }) => {
        for (const file of files) await host.disks.remove(file);
        await host.imageCache.drop(id);
        return undefined;
      },
    },
    'image.keep': {
      one: async ({ file, as, version }) => {
        await host.disks.linkAs(file, as);
        return { kept: version } satisfies ImageFacts;
      },
    },
  };
}

async function build(host: Host, args: Build): Promise<Facts> {
  const { file, from } = args;
  await host.files.ensureDir(dirname(file));
  if ('image' in from || 'container' in from) {
    if (!args.base) throw new Error(`cannot build ${file}: its base has no file`);
    // a container goes on writing to its disk: that is never shared
    await buildOn(host, args, args.base, 'container' in from);
  } else {
    await buildFrom(host, args, from);
  }
  return { created_at: new Date().toISOString() } satisfies ImageFacts;
}

/** @param alone the image never shares a file with its base */
async function buildOn(host: Host, args: Build, base: string, alone = false): Promise<void> {
  const isFurnished = alone || args.copy.length > 0 || args.run.length > 0;
  const fill = isFurnished ? (tree: string) => furnish(host, args, tree) : undefined;
  await host.disks.derive(base, args.file, args.size, fill);
}

/** Where the host has no room for a stage besides the image, there is none. */
async function buildFrom(host: Host, args: Build, from: TreeSource): Promise<void> {
  const { id, file, size, origin } = args;
  const fill = (tree: string) => fillFrom(from, host, tree, origin);
  const inputs = await stageInputs(host, args, from);
  if (inputs) {
    try {
      const make = (stage: string) => host.disks.create(stage, size, fill);
      const found = await host.imageCache.find(id, inputs);
      return await buildOn(host, args, found ?? (await host.imageCache.keep(id, inputs, make)));
    } catch (error) {
      if (!(error instanceof DiskFullError)) throw error;
    }
  }
  await host.imageCache.drop(id);
  await host.disks.create(file, size, async (tree) => {
    await fill(tree);
    await furnish(host, args, tree);
  });
}

/**
 * What the first stage of an image depends on; undefined for a source from which it is made about as
 * fast as it is copied. The layers of a foreign image are all of its files, wherever it comes from.
 */
async function stageInputs(
  { rootfs }: Host,
  { size, origin }: Build,
  from: TreeSource,
): Promise<StageInputs | undefined> {
  if (origin) return { content: { size, layers: origin.layers } };
  if (!('debian' in from)) return undefined;
  const inputs = await rootfs.debianInputs(from.debian);
  if (!inputs) return undefined;
  const { content, state } = inputs;
  return { content: { size, ...from, content }, state };
}

/** Copies files first, so that run lines can use them. */
async function furnish(
  { rootfs, runtime }: Host,
  { copy, run, environment }: Build,
  tree: string,
): Promise<void> {
  for (const { from, to, ...how } of copy) await rootfs.copy(from, tree, to, how);
  for (const line of run) await runtime.runOneOff(tree, ['/bin/sh', '-c', line], { environment });
}

/** The "disk full" messages of various tools; the second one is tar's. */
const FULL = /No space left on device|Wrote only \d+ of \d+ bytes/;

function explain(error: unknown, { size }: Build): never {
  const message = messageOf(error);
  // a full disk of the host is already reported as a UserError
  if (!FULL.test(message) || error instanceof UserError) throw error;
  throw new UserError(
    message,
    `The image is full at ${formatBytes(size)}: increase its \`size\`.`,
    {
      cause: error,
    },
  );
}

/** All sources except `image` and `container`, which copy a file instead of filling a tree. */
export type TreeSource = Exclude<ImageFrom, { image: string } | { container: string }>;

/** Fills an empty tree. */
export function fillFrom(
  from: TreeSource,
  { rootfs, images }: Pick<Host, 'rootfs' | 'images'>,
  tree: string,
  origin: ImageOrigin | undefined,
): Promise<void> {
  if ('debian' in from) return rootfs.debian(from.debian, tree);
  if ('tar' in from) return rootfs.extract(from.tar, tree);
  if ('directory' in from) return rootfs.copy(from.directory, tree, '/');
  if ('host' in from) return rootfs.host(from.host, tree);
  if (!origin) throw new Error('cannot unpack the image: it was not resolved');
  return images.unpack(from, origin, tree);
}
