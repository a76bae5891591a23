import { existsSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DockerfileSource } from '../../../model/config.js';
import { causeOf, messageOf, UserError } from '../../../model/errors.js';
import { builtImagesDir, type InstallPaths } from '../../../model/install-paths.js';
import type { ImageOrigin } from '../../../model/specs.js';
import { buildFiles, removeEmpty, withScratch } from '../disks/scratch.js';
import { folderSize } from '../files/folder-size.js';
import { readInput } from '../files/read.js';
import { LONG } from '../process/run.js';
import { runSandboxed, sandbox } from '../rootfs/sandboxed-exec.js';
import { type BaseImage, baseImages, stagesOf } from './base-images.js';
import { findArchive, keepArchive } from './built-archives.js';
import { inspectImage } from './inspect.js';
import { isLoopback, MEMORY } from './registry.js';
import { requireProgram, tool } from './tool.js';
import { unpackImage } from './unpack.js';

/**
 * Builds a Dockerfile and returns the resulting image's data. What its containers run is known only
 * after the build, so it is built during planning and kept in /var/cache until the plan is executed.
 *
 * @param owner the stack
 */
export async function inspectDockerfile(
  paths: InstallPaths,
  source: DockerfileSource,
  size: number | undefined,
  owner: string,
): Promise<ImageOrigin> {
  return withBuild(paths, source, async (archive) => {
    const origin = await inspectImage(paths, { docker: { path: archive } }, size);
    keepArchive(paths, owner, source, origin.layers, archive);
    return origin;
  });
}

/** What a build would fail at before its first line; see the port. */
export function checkDockerfile(source: DockerfileSource): void {
  const { context, target } = source;
  const purpose = `build the Dockerfile in ${context}`;
  if (!statSync(context, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UserError(`cannot ${purpose}: there is no such folder`);
  }
  const text = textOf(source, purpose);
  if (text === undefined) {
    throw new UserError(
      `cannot ${purpose}: it has no Dockerfile`,
      'Name another file with `file`.',
    );
  }
  const stages = stagesOf(text);
  if (stages.length === 0) throw new UserError(`cannot ${purpose}: it has no FROM line`);
  const isThere = target === undefined || stages.includes(target.toLowerCase());
  if (!isThere && !(Number(target) < stages.length)) {
    throw new UserError(`cannot ${purpose}: it has no stage ${JSON.stringify(target)}`);
  }
  requireProgram('buildah', purpose);
}

/**
 * Unpacks the result that was built during planning. If it is gone, a new build must give the same
 * result.
 */
export async function unpackDockerfile(
  paths: InstallPaths,
  source: DockerfileSource,
  origin: ImageOrigin,
  tree: string,
): Promise<void> {
  const kept = findArchive(paths, origin.layers);
  const unpack = (path: string) => unpackImage(paths, { docker: { path } }, origin, tree);
  await (kept === undefined ? withBuild(paths, source, unpack) : unpack(kept));
  if (kept !== undefined) await rm(kept, { force: true });
  removeEmpty({ ...buildFiles(paths), dir: builtImagesDir(paths.tag) });
}

/** Runs `work` on the resulting archive, which is removed afterwards unless `work` moved it. */
function withBuild<T>(
  paths: InstallPaths,
  source: DockerfileSource,
  work: (archive: string) => Promise<T>,
): Promise<T> {
  return withScratch(buildFiles(paths), async (dir) => work(await build(source, dir)));
}

const TAG = 'baleine/build:1';

const pairs = (flag: string, values: Readonly<Record<string, string>> = {}) =>
  Object.entries(values).flatMap(([name, value]) => [flag, `${name}=${value}`]);

/** Milliseconds for all steps of a Dockerfile together. */
const BUILD_TIMEOUT = 6 * 3600_000;

/**
 * Uses buildah without its demands on the host: no storage driver with mounts, no runtime. Docker's
 * format, since OCI's has no health check; and timestamps that do not depend on the build time.
 */
async function build(source: DockerfileSource, dir: string): Promise<string> {
  const { context, inline, target, args, labels, extra_hosts, additional_contexts } = source;
  const purpose = `build the Dockerfile in ${context}`;
  const file = inline === undefined ? source.file : join(dir, 'Dockerfile');
  if (inline !== undefined) writeFileSync(join(dir, 'Dockerfile'), inline);
  const program = requireProgram('buildah', purpose);
  const store = ['--root', join(dir, 'store'), '--runroot', join(dir, 'run')];
  const common = [...store, '--storage-driver', 'vfs'];
  const flags = [
    ...(file === undefined ? [] : ['--file', file]),
    ...(target === undefined ? [] : ['--target', target]),
    ...(source.platform === undefined ? [] : ['--platform', source.platform]),
    ...pairs('--build-arg', args),
    ...pairs('--label', labels),
    ...(extra_hosts ?? []).flatMap((each) => ['--add-host', each]),
    ...pairs('--build-context', additional_contexts),
    ...Object.entries(source.ulimits ?? {}).flatMap(([name, { soft, hard }]) => {
      return ['--ulimit', `${name}=${soft}:${hard}`];
    }),
  ];
  for (const image of basesOf(source, purpose)) await pullBase(image, common, dir, purpose);
  const how = [
    ...['--isolation=chroot', '--layers=false', '--timestamp=0', '--format=docker'],
    '--pull=false',
    // a label with buildah's version: its upgrade would change every container
    '--identity-label=false',
  ];
  const options = {
    purpose,
    foreign: true,
    tail: true,
    timeout: BUILD_TIMEOUT,
    env: { TMPDIR: dir },
  };
  const words = ['bud', ...how, ...flags, '--quiet', '--tag', TAG, '--', context];
  // buildah's chroot isolation has only its own network
  const offline = source.network === 'none' ? ['unshare', '--net', '--'] : [];
  const [first = program, ...rest] = [...offline, program, ...common, ...words];
  await runSandboxed(first, rest, options);
  const archive = join(dir, 'image.tar');
  const to = `docker-archive:${archive}:${TAG}`;
  await runSandboxed(program, [...common, 'push', '--quiet', '--', TAG, to], options);
  return archive;
}

/** Empty if there is no Dockerfile: buildah reports that. */
function basesOf(source: DockerfileSource, purpose: string): BaseImage[] {
  const { target, args, additional_contexts, platform } = source;
  const text = textOf(source, purpose);
  return text === undefined
    ? []
    : baseImages(text, args, target, Object.keys(additional_contexts ?? {}), platform);
}

/** Of the Dockerfile; undefined if there is none. */
function textOf({ context, file, inline }: DockerfileSource, purpose: string): string | undefined {
  if (inline !== undefined) return inline;
  const names = ['Containerfile', 'Dockerfile'].map((name) => join(context, name));
  const path = file ?? names.find((each) => existsSync(each));
  if (path === undefined) return undefined;
  try {
    return readInput(path);
  } catch (error) {
    throw new UserError(`cannot ${purpose}: cannot read ${path}: ${causeOf(error)}`);
  }
}

/** As Docker: a name without a registry that is no alias on this host is one of docker.io. */
async function pullBase(image: BaseImage, ...rest: [string[], string, string]): Promise<void> {
  try {
    await pull(image, ...rest);
  } catch (error) {
    if (!messageOf(error).includes('did not resolve to an alias')) throw error;
    const { name } = image;
    await pull(
      { ...image, name: `docker.io/${name.includes('/') ? '' : 'library/'}${name}` },
      ...rest,
    );
  }
}

/** A transfer below 1 KiB per second over half a minute is aborted. */
const STALL = { within: 30_000, least: 30 * 1024 };

/**
 * Pulls an image before the build, in bounded memory and time: an untrusted registry gets stricter
 * limits than the commands of a build.
 */
async function pull(
  { name, platform }: BaseImage,
  store: string[],
  dir: string,
  purpose: string,
): Promise<void> {
  const flags = [
    ...(platform === undefined ? [] : ['--platform', platform]),
    ...(isLoopback(name) ? ['--tls-verify=false'] : []),
  ];
  const bytes = () => folderSize(dir).bytes;
  await tool('buildah', [...store, 'pull', '--quiet', ...flags, '--', name], {
    purpose,
    enter: sandbox(),
    env: { TMPDIR: dir },
    timeout: LONG,
    stall: { ...STALL, bytes },
    memory: MEMORY,
  });
}
