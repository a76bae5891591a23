import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { UserError } from '../../../model/errors.js';
import type { Exported, ExportFormat } from '../../host.js';
import { LONG, run } from '../process/run.js';
import { kindOf } from '../trees-path.js';
import { runSealed } from '../trees-sealed.js';
import { writeConfig } from './config.js';
import { blobIn, CONFIG, finishLayout, LAYER, putBlob } from './layout.js';
import { tool } from './tool.js';

/** Writes an image for other tools; see the port. */
export async function exportImage(what: Exported, to: string, format: ExportFormat): Promise<void> {
  if (await kindOf(to)) {
    throw new UserError(`cannot write ${to}: it exists`, 'Remove it first, or take another name.');
  }
  const part = join(dirname(to), `.${basename(to)}.part`);
  await rm(part, { recursive: true, force: true });
  try {
    await mkdir(part, { mode: 0o700 });
    await rename(await WRITERS[format](what, part, `write ${to}`), to);
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}

/** Each makes the result in a folder and answers its path. */
const WRITERS: Record<
  ExportFormat,
  (what: Exported, part: string, purpose: string) => Promise<string>
> = {
  tar: async ({ source }, part, purpose) => {
    const file = join(part, 'image');
    await pack(source, file, purpose);
    return file;
  },
  'oci-folder': layout,
  oci: async (what, part, purpose) => {
    const file = join(part, 'image.tar');
    const folder = await layout(what, part, purpose);
    const options = ['--create', ...SAME, '--mtime=@0', '--owner=0:0', '--group=0:0'];
    await run('tar', [...options, `--file=${file}`, `--directory=${folder}`, '.'], {
      purpose,
      timeout: LONG,
    });
    return file;
  },
  docker: async (what, part, purpose) => {
    const file = join(part, 'image.tar');
    const folder = await layout(what, part, purpose);
    const [from, target] = [`oci:${folder}:${what.reference}`, `docker-archive:${file}`];
    const args = ['copy', '--quiet', '--', from, `${target}:${what.reference}`];
    await tool('skopeo', args, { purpose });
    return file;
  },
};

/** An OCI image layout with one layer, not compressed: a compressor may write other bytes one day. */
async function layout(what: Exported, part: string, purpose: string): Promise<string> {
  const folder = join(part, 'layout');
  await mkdir(join(folder, 'blobs/sha256'), { recursive: true });
  const file = join(folder, 'layer');
  await pack(what.source, file, purpose);
  const layer = { mediaType: LAYER, digest: await digestOf(file), size: (await stat(file)).size };
  await rename(file, blobIn(folder, layer));
  const config = writeConfig(what.config, what.created, [layer.digest]);
  await finishLayout(folder, await putBlob(folder, CONFIG, config), [layer], what.reference);
  return folder;
}

/**
 * What of GNU tar(1) makes equal archives of equal trees: names in order, of the times only the
 * modification's, and no process id in the names of extended headers.
 */
const SAME = [
  '--sort=name',
  '--numeric-owner',
  '--format=posix',
  '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime',
  '--force-local',
];

/** Everything of a tree that has a meaning elsewhere: Docker takes no other extended attributes. */
const PACK = [
  '--create',
  ...SAME,
  '--sparse',
  '--xattrs',
  '--xattrs-include=user.*',
  '--xattrs-include=security.capability',
  '--one-file-system',
  '--exclude=./lost+found',
];

async function pack(source: Exported['source'], file: string, purpose: string): Promise<void> {
  const tree = 'tree' in source ? source.tree : `${file}.tree`;
  const tar = [...PACK, `--file=${file}`, `--directory=${tree}`, '.'];
  if ('tree' in source) {
    await runSealed('tar', tar, { purpose });
    return;
  }
  await mkdir(tree);
  await runSealed('sh', ['-c', MOUNTED, 'sh', source.file, tree, 'tar', ...tar], { purpose });
  await rmdir(tree);
}

/** The mount is gone with the program. Not a byte of the image changes: its journal stays as it is. */
const MOUNTED = 'mount -t ext4 -o loop,ro,noload,nodev,nosuid -- "$1" "$2" && shift 2 && exec "$@"';

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return `sha256:${hash.digest('hex')}`;
}
