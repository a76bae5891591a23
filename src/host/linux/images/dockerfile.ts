import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DockerfileSource } from '../../../model/config.js';
import { builtImagesDir, type InstallPaths } from '../../../model/install-paths.js';
import type { ImageOrigin } from '../../../model/specs.js';
import { builds, removeEmpty, withScratch } from '../disks/scratch.js';
import { runSealed } from '../rootfs/sandboxed-exec.js';
import { findArchive, keepArchive } from './built-archives.js';
import { inspectImage } from './inspect.js';
import { needProgram } from './tool.js';
import { unpackImage } from './unpack.js';

/**
 * Builds a Dockerfile and says what came out. Only that tells what its containers will run, so it
 * is done for the plan; the result waits in /var/cache for the plan to be carried out.
 *
 * @param owner the stack
 */
export async function inspectDockerfile(
  site: InstallPaths,
  source: DockerfileSource,
  size: number | undefined,
  owner: string,
): Promise<ImageOrigin> {
  return withBuild(site, source, async (archive) => {
    const origin = await inspectImage(site, { docker: { path: archive } }, size);
    keepArchive(site, owner, source, origin.layers, archive);
    return origin;
  });
}

/** Unpacks what was built for the plan; when that is gone, the same has to come out again. */
export async function unpackDockerfile(
  site: InstallPaths,
  source: DockerfileSource,
  origin: ImageOrigin,
  tree: string,
): Promise<void> {
  const kept = findArchive(site, origin.layers);
  const unpack = (path: string) => unpackImage(site, { docker: { path } }, origin, tree);
  await (kept === undefined ? withBuild(site, source, unpack) : unpack(kept));
  if (kept !== undefined) await rm(kept, { force: true });
  removeEmpty({ ...builds(site), dir: builtImagesDir(site.tag) });
}

/** `work` on the archive that came out; it is gone afterwards, unless it was moved. */
function withBuild<T>(
  site: InstallPaths,
  source: DockerfileSource,
  work: (archive: string) => Promise<T>,
): Promise<T> {
  return withScratch(builds(site), async (dir) => work(await build(source, dir)));
}

const TAG = 'baleine/build:1';

/** Milliseconds for all steps of a Dockerfile together. */
const BUILD_LIMIT = 6 * 3600_000;

/**
 * By buildah, without what it would want of the host: no storage driver with mounts, no runtime.
 * Docker's format, for OCI's has no health check; and times that do not tell when it was built.
 */
async function build(source: DockerfileSource, dir: string): Promise<string> {
  const { context, file, target, args } = source;
  const purpose = `build the Dockerfile in ${context}`;
  const program = needProgram('buildah', purpose);
  const store = ['--root', join(dir, 'store'), '--runroot', join(dir, 'run')];
  const common = [...store, '--storage-driver', 'vfs'];
  const wishes = [
    ...(file === undefined ? [] : ['--file', file]),
    ...(target === undefined ? [] : ['--target', target]),
    ...Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
  ];
  const how = ['--isolation=chroot', '--layers=false', '--timestamp=0', '--format=docker'];
  const options = {
    purpose,
    foreign: true,
    tail: true,
    timeout: BUILD_LIMIT,
    env: { TMPDIR: dir },
  };
  const words = ['bud', ...how, ...wishes, '--quiet', '--tag', TAG, '--', context];
  await runSealed(program, [...common, ...words], options);
  const archive = join(dir, 'image.tar');
  const to = `docker-archive:${archive}:${TAG}`;
  await runSealed(program, [...common, 'push', '--quiet', '--', TAG, to], options);
  return archive;
}
