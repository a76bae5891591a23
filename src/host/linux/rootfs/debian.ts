import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DebianSource } from '../../../model/config.js';
import { UserError } from '../../../model/errors.js';
import type { InstallPaths } from '../../../model/install-paths.js';
import type { StageInputs } from '../../ports.js';
import { lastLines } from '../process/output.js';
import { LONG, type RunResult, run } from '../process/run.js';
import { type HostArchive, hostArchives, hostFetchOptions, releaseState } from './apt.js';
import { sandboxed } from './sandboxed-exec.js';

/** debootstrap(8)'s names for those variants of mmdebstrap(1) that it supports. */
const DEBOOTSTRAP_VARIANTS: Record<string, string[]> = {
  minbase: ['--variant=minbase'],
  buildd: ['--variant=buildd'],
  important: [],
  debootstrap: [],
  '-': [],
};

/** A half-made image is never used, and the file system is synced once at the end. */
const UNSYNCED = '--dpkgopt=force-unsafe-io';

/** Package lists stay compressed inside the image: 9 MB instead of 50. */
const PACKED_LISTS = 'Acquire::GzipIndexes "true";';

/**
 * Installs a Debian system into an empty tree with mmdebstrap, or with debootstrap if mmdebstrap is
 * missing. Both keep services from starting and leave no package lists or archives behind. Without
 * a mirror, uses the archives of the host's own apt if they have the suite.
 *
 * @throws UserError if neither is installed, or debootstrap does not support the variant; Error
 *   with the tool's own messages
 */
export async function installDebian(source: DebianSource, tree: string): Promise<void> {
  const archives = source.mirror ? [] : await hostArchives(source.suite);
  const result = await bootstrap(source, archives, tree);
  if (result.code !== 0) {
    throw new Error(`cannot install Debian ${source.suite}: ${complaintsOf(result)}`);
  }
  await trim(tree);
}

/**
 * What an installation depends on besides its source: the program, the archives and what these have
 * now. SOURCE_DATE_EPOCH is passed to both programs. Undefined for a suite that is not the host's, of an
 * archive that only they know: nobody could tell when it changes.
 */
export async function debianInputs(
  source: DebianSource,
  paths: InstallPaths,
): Promise<StageInputs | undefined> {
  const { suite, mirror } = source;
  const [archives, isUsual] = await Promise.all([
    mirror ? [] : hostArchives(suite),
    installed('mmdebstrap'),
  ]);
  const program = isUsual ? 'mmdebstrap' : 'debootstrap';
  const epoch = process.env.SOURCE_DATE_EPOCH;
  const releases = mirror ? [{ uri: mirror, release: suite }] : archives;
  if (releases.length === 0) return undefined;
  return { content: { program, archives, epoch }, state: await releaseState(releases, paths) };
}

/**
 * Deleted downloads would keep their blocks in the image file and be copied for each container. A
 * file system that cannot be trimmed is merely larger.
 */
async function trim(tree: string): Promise<void> {
  // ext4 releases blocks only when the journal is committed.
  await run('sync', ['--file-system', '--', tree], { timeout: LONG });
  await run('fstrim', ['--quiet-unsupported', '--', tree], { reject: false, timeout: LONG });
}

async function bootstrap(source: DebianSource, archives: HostArchive[], tree: string) {
  if (await installed('mmdebstrap')) return mmdebstrap(source, archives, tree);
  if (await installed('debootstrap')) return debootstrap(source, archives, tree);
  throw new UserError(
    `cannot install Debian ${source.suite}: neither mmdebstrap nor debootstrap is installed`,
    'apt-get install mmdebstrap',
  );
}

async function mmdebstrap(
  { suite, packages, variant, mirror }: DebianSource,
  archives: HostArchive[],
  tree: string,
): Promise<RunResult> {
  const options = [PACKED_LISTS, ...(await hostFetchOptions())].map(
    (option) => `--aptopt=${option}`,
  );
  const mirrors = mirror
    ? [mirror]
    : archives.map(({ uri, release, component }) => `deb ${uri} ${release} ${component}`);
  const include = packages.length > 0 ? [`--include=${packages.join(',')}`] : [];
  const args = ['--mode=root', `--variant=${variant}`, ...include, ...options, UNSYNCED];
  const result = await quietly('mmdebstrap', [...args, '--', suite, tree, ...mirrors]);
  // The host's access to its archives is useless inside, and may contain a password.
  for (const folder of ['apt/apt.conf.d', 'dpkg/dpkg.cfg.d']) {
    await rm(join(tree, 'etc', folder, '99mmdebstrap'), { force: true });
  }
  return result;
}

async function debootstrap(
  { suite, packages, variant, mirror }: DebianSource,
  archives: HostArchive[],
  tree: string,
): Promise<RunResult> {
  const variants = DEBOOTSTRAP_VARIANTS[variant];
  if (!variants) {
    throw new UserError(
      `cannot install Debian ${suite}: debootstrap has no variant ${variant}`,
      'apt-get install mmdebstrap, or take the variant minbase.',
    );
  }
  const from = mirror ?? archives.find(({ release }) => release === suite)?.uri;
  const include = packages.length > 0 ? [`--include=${packages.join(',')}`] : [];
  const places = [suite, tree, ...(from ? [from] : [])];
  // debootstrap does not support `--`; a suite never starts with a dash (the schema's pattern), and
  // a tree is an absolute path.
  const result = await quietly('debootstrap', [...variants, ...include, ...places]);
  if (result.code === 0) await cleanApt(tree);
  return result;
}

/** mmdebstrap does this by itself. */
async function cleanApt(tree: string): Promise<void> {
  const found = ['var/cache/apt', 'var/lib/apt/lists'].map((path) => join(tree, path));
  await run('find', [...found, '-type', 'f', '-delete'], { timeout: LONG });
}

function quietly(program: string, args: string[]): Promise<RunResult> {
  // Both remove their temporary files on SIGTERM.
  return run(...sandboxed(program, args, 'TERM'), {
    reject: false,
    tail: true,
    timeout: LONG,
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  });
}

async function installed(program: string): Promise<boolean> {
  try {
    await run(program, ['--version']);
    return true;
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  }
}

/** apt, dpkg and both tools mark their messages; without a mark, the last lines are used. */
function complaintsOf({ stdout, stderr }: RunResult): string {
  const lines = `${stdout}\n${stderr}`.split('\n').map((line) => line.trim());
  const marked = lines.filter((line) => /^(E|Err|dpkg|error)\b.*:/.test(line));
  return lastLines((marked.length > 0 ? marked : lines).join('\n'), 5);
}
