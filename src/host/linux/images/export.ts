import { createHash } from 'node:crypto';
import { createReadStream, lstatSync, renameSync } from 'node:fs';
import { mkdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { UserError } from '../../../model/errors.js';
import type { Exported, ExportFormat } from '../../ports.js';
import { destinationOf } from '../files/destination.js';
import { bytePath, type OpenFolder, within } from '../files/open-folder.js';
import { withStaging } from '../files/staging.js';
import { LONG, run } from '../process/run.js';
import { runSandboxed } from '../rootfs/sandboxed-exec.js';
import { writeConfig } from './config.js';
import { blobIn, CONFIG, finishLayout, LAYER, putBlob } from './oci-layout.js';
import { tool } from './tool.js';

/**
 * Writes an image for other tools; see the port. It is assembled in a staging folder beside its
 * destination.
 *
 * @param notes see `withStaging`
 */
export async function exportImage(
  what: Exported,
  to: string,
  format: ExportFormat,
  notes?: string,
): Promise<void> {
  const target = destinationOf(bytePath(to));
  try {
    if (target.type !== 'file' || target.existing) throw exists(to);
    const { folder, name } = target;
    await withStaging(folder, notes, async (staging) => {
      const made = await WRITERS[format](what, staging, `write ${to}`);
      if (lstatSync(within(folder, name), { throwIfNoEntry: false })) throw exists(to);
      renameSync(within(staging, made), within(folder, name));
    });
  } finally {
    if ('folder' in target) target.folder.close();
  }
}

function exists(path: string): UserError {
  return new UserError(`cannot write ${path}: it exists`, 'Remove it first, or take another name.');
}

type Writer = (what: Exported, staging: OpenFolder, purpose: string) => Promise<string>;

/**
 * Each creates the result in a folder and returns its name. Programs work in that folder with
 * relative names, since others may move the folders of its path.
 */
const WRITERS: Record<ExportFormat, Writer> = {
  tar: async ({ source }, staging, purpose) => {
    await pack(source, 'image', staging, purpose, ['--sparse']);
    return 'image';
  },
  'oci-folder': layout,
  oci: async (what, staging, purpose) => {
    const folder = await layout(what, staging, purpose);
    const options = ['--create', ...REPRODUCIBLE, '--mtime=@0', '--owner=0:0', '--group=0:0'];
    await run('tar', [...options, '--file=image.tar', `--directory=${folder}`, '.'], {
      cwd: staging.path,
      purpose,
      timeout: LONG,
    });
    return 'image.tar';
  },
  docker: async (what, staging, purpose) => {
    const folder = await layout(what, staging, purpose);
    const from = `oci:${folder}:${what.reference}`;
    const args = ['copy', '--quiet', '--', from, `docker-archive:image.tar:${what.reference}`];
    await tool('skopeo', args, { cwd: staging.path, purpose, timeout: LONG });
    return 'image.tar';
  },
};

/**
 * An OCI image layout with one uncompressed layer: a future compressor may produce other bytes. Holes
 * are written out, as the image specification asks: buildah and others fail on sparse entries.
 */
export async function layout(
  what: Exported,
  staging: OpenFolder,
  purpose: string,
): Promise<string> {
  const folder = join(staging.path, 'layout');
  await mkdir(join(folder, 'blobs/sha256'), { recursive: true });
  const file = join(staging.path, 'layer');
  await pack(what.source, 'layer', staging, purpose);
  const layer = { mediaType: LAYER, digest: await digestOf(file), size: (await stat(file)).size };
  await rename(file, blobIn(folder, layer));
  const { original, reference } = what;
  const config = writeConfig(what, [layer.digest]);
  const annotations = original?.annotations && { annotations: original.annotations };
  await finishLayout(
    folder,
    await putBlob(folder, CONFIG, config),
    [layer],
    reference,
    annotations,
  );
  return 'layout';
}

/**
 * GNU tar(1) options for reproducible archives: sorted names, only modification times, and no
 * process id in the names of extended headers.
 */
const REPRODUCIBLE = [
  '--sort=name',
  '--numeric-owner',
  '--format=posix',
  '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime',
  '--force-local',
];

/**
 * All parts of a tree that are meaningful elsewhere: Docker accepts no other extended attributes.
 */
const PACK = [
  '--create',
  ...REPRODUCIBLE,
  '--xattrs',
  '--xattrs-include=user.*',
  '--xattrs-include=security.capability',
  '--one-file-system',
  '--exclude=./lost+found',
];

async function pack(
  source: Exported['source'],
  name: string,
  staging: OpenFolder,
  purpose: string,
  more: readonly string[] = [],
): Promise<void> {
  const tree = 'tree' in source ? source.tree : MOUNT_POINT;
  const tar = [...PACK, ...more, `--file=${name}`, `--directory=${tree}`, '.'];
  const options = { cwd: staging.path, purpose, timeout: LONG };
  if ('tree' in source) await runSandboxed('tar', tar, options);
  else {
    const mounted = ['-c', MOUNTED, 'sh', source.file, MOUNT_POINT];
    await runSandboxed('sh', [...mounted, 'tar', ...tar], options);
  }
}

/** Exists on every host, and tar needs nothing that this mount hides. */
const MOUNT_POINT = '/sys';

/**
 * Arguments: an image, a mount point, a program with its arguments. The mount ends with the program.
 * The image stays unmodified: its journal is not replayed.
 */
const MOUNTED = 'mount -t ext4 -o loop,ro,noload,nodev,nosuid -- "$1" "$2" && shift 2 && exec "$@"';

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return `sha256:${hash.digest('hex')}`;
}
