import { dirname } from 'node:path';
import type { Host } from '../../host/ports.js';
import type { ImageFrom } from '../../model/config.js';
import { messageOf, UserError } from '../../model/errors.js';
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
      one: async ({ files }) => {
        for (const file of files) await host.disks.remove(file);
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
  const { file, size, from } = args;
  await host.files.ensureDir(dirname(file));
  if ('image' in from || 'container' in from) {
    if (!args.base) throw new Error(`cannot build ${file}: its base has no file`);
    // a container goes on writing to its disk: that is never shared
    const isFurnished = 'container' in from || args.copy.length > 0 || args.run.length > 0;
    const fill = isFurnished ? (tree: string) => furnish(host, args, tree) : undefined;
    await host.disks.derive(args.base, file, size, fill);
  } else {
    await host.disks.create(file, size, async (tree) => {
      await fillFrom(from, host, tree, args.origin);
      await furnish(host, args, tree);
    });
  }
  return { created_at: new Date().toISOString() } satisfies ImageFacts;
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
