import { basename, dirname, join } from 'node:path';
import { IMPERATIVE_STACK, isName, NAME } from './address.js';
import { digest } from './json.js';

/**
 * Where one installation of baleine keeps its files. All names that reach the kernel are made in
 * this module. `tag` distinguishes installations with different roots on one host.
 */
export interface InstallPaths {
  /** State, images, disks and volumes: survives a reboot. Default /var/lib/baleine. */
  root: string;
  /** Bundles, mount points and runtime state: gone after a reboot. */
  run: string;
  tag: string;
}

export function installPaths(root: string): InstallPaths {
  const tag = digest(root, 6);
  return { root, run: `/run/baleine/${tag}`, tag };
}

/**
 * Only the tag of an image can contain a `.`, which becomes a `,`: so two pairs never share an id. A
 * leading `_`, which no name has, stands for the stack `-`, because programs would take that for an
 * option.
 */
export function idOf(stack: string, name: string): string {
  return `${stack === IMPERATIVE_STACK ? '_' : stack}.${name.replaceAll('.', ',')}`;
}

/** The inverse of `idOf`; undefined if the id is malformed. */
export function parseId(id: string): { stack: string; name: string } | undefined {
  const dot = id.indexOf('.');
  const [owner, name] = [id.slice(0, dot), id.slice(dot + 1).replaceAll(',', '.')];
  const stack = owner === '_' ? IMPERATIVE_STACK : owner;
  return (stack === IMPERATIVE_STACK || NAME.test(stack)) && isName('image', name)
    ? { stack, name }
    : undefined;
}

/**
 * The id in a file name made by `imageFile`, `previousFile` or `diskFile`, or in that of an
 * unfinished file beside it.
 */
export function idOfFile(file: string): string | undefined {
  const previous = /^([^.]+\.[^.]+)\.previous\.img$/.exec(file)?.[1];
  if (previous !== undefined) return previous;
  return /^(?:(.+)\.img|\.(.+)\.img\.part(?:\.tree)?)$/.exec(file)?.slice(1).find(Boolean);
}

/** Locked by the single run that may write. */
/** The states of the swarms that stacks run on, each a root of its own, by the id of its cluster. */
export const clustersIn = (root: string) => join(root, 'swarm');

export const lockFile = ({ root }: InstallPaths) => join(root, '.lock');
export const imageFile = (paths: InstallPaths, id: string) =>
  join(paths.root, 'images', `${id}.img`);
/**
 * The image's version before its last build. An id has only one dot, so this name cannot be another
 * image's.
 */
export const previousFile = (paths: InstallPaths, id: string) =>
  join(paths.root, 'images', `${id}.previous.img`);
/** The images whose first stage is kept have a folder of it in this one. */
export const imageCacheDir = ({ root }: InstallPaths) => join(root, 'cache');
export const stageDir = (paths: InstallPaths, id: string) => join(imageCacheDir(paths), id);
export const diskFile = (paths: InstallPaths, id: string) => `${paths.root}/disks/${id}.img`;
/** The logs of a job's ended runs. */
export const jobLogsDir = (paths: InstallPaths, id: string) => join(paths.root, 'jobs', id);
export const jobLog = (paths: InstallPaths, id: string, run: number) =>
  join(jobLogsDir(paths, id), `${run}.log`);
/** Where a restored container's disk is until it runs: then it replaces the one that it had. */
export const restoredDisk = (paths: InstallPaths, id: string) =>
  join(paths.root, 'disks', `${id}.restored.img`);
/** The checkpoints of a container: they hold its memory. */
export const checkpointsDir = (paths: InstallPaths, id: string) =>
  join(paths.root, 'checkpoints', id);
export const logFile = (paths: InstallPaths, id: string) => join(paths.root, 'logs', `${id}.log`);
/**
 * Holds images built from Dockerfiles between plan and apply; for an empty tag, those of all
 * installations.
 */
export const builtImagesDir = (tag: string) => join('/var/cache/baleine', tag);
/** A symlink to the root, for programs that cannot handle its path. */
export const rootLink = (paths: InstallPaths) => join(paths.run, 'root');
export const volumeDir = (paths: InstallPaths, stack: string, name: string) =>
  join(paths.root, 'volumes', stack, name);
/** The ext4 file of a volume with a size, by its folder, where it is mounted. No name has a dot. */
export const volumeFile = (folder: string) => `${folder}.img`;
/** The folder of a volume's snapshots, by its folder; that of a volume that is gone remains. */
export const snapshotsDir = (folder: string) => {
  const stack = dirname(folder);
  return join(dirname(dirname(stack)), 'snapshots', basename(stack), basename(folder));
};
/**
 * The folder of the snapshots of a container's disk, beside those of its stack's volumes; that of a
 * container that is gone remains. No volume has a dot in its name.
 */
export const diskSnapshotsDir = ({ root }: InstallPaths, id: string) => {
  const { stack = '', name = '' } = parseId(id) ?? {};
  return join(root, 'snapshots', stack, `${DISK_SNAPSHOTS}${name}`);
};
/** The name of a container follows. */
export const DISK_SNAPSHOTS = 'container.';
/** A complete copy beside a volume's folder that is about to become the volume; a tag follows. */
export const restoredPrefix = (folder: string) => `.${basename(folder)}.restored.`;
/** The forms of a volume beside its folder while it gets or loses a size: see `convert.ts`. */
export const CONVERTED = {
  newFile: 'converted.img',
  newFolder: 'converted',
  oldFolder: 'former',
  oldFile: 'former.img',
};
/** Whether a name in the folder of a volume has its data, for a change that was interrupted. */
export const isUnfinishedVolume = (folder: string, name: string) =>
  name.startsWith(restoredPrefix(folder)) ||
  [CONVERTED.oldFile, CONVERTED.oldFolder].some((each) => name === `.${basename(folder)}.${each}`);
export const configDir = (paths: InstallPaths, stack: string, name: string) =>
  join(paths.root, 'configs', stack, name);
export const hostsFile = (paths: InstallPaths, stack: string, name: string) =>
  join(paths.root, 'hosts', idOf(stack, name));

/**
 * Lists folders named by the user in which files are being staged, so that the next run can clean
 * up if this one is killed.
 */
export const stagingNotesDir = (paths: InstallPaths) => join(paths.run, 'staging');
/** Notes of unfinished checkpoints and restores, for the same. */
export const checkpointNotesDir = (paths: InstallPaths) => join(paths.run, 'checkpoints');

/** The name of a cache entry for a path: readable, or a digest if that is too long. */
export function fileNameOf(path: string): string {
  const name = encodeURIComponent(path);
  return name.length > LONGEST ? digest(path) : name;
}

/** In characters. A file name has at most 255 bytes, and a suffix is added. */
const LONGEST = 240;

/** The parsed state tables. */
export const stateCacheFile = (paths: InstallPaths) => join(paths.run, 'records', 'tables.json');

/** The parsed configuration files. */
export const configCache = (paths: InstallPaths) => join(paths.run, 'config');

/** The OCI bundle: config.json, hosts, resolv.conf and the mount point `rootfs`. */
export const bundleDir = (paths: InstallPaths, id: string) => `${paths.run}/containers/${id}`;
/** Bind-mounted over the container's /etc/hosts. */
export const hostsCopy = (paths: InstallPaths, id: string) => `${bundleDir(paths, id)}/hosts`;
/** Bind-mounted over its /etc/resolv.conf. */
export const resolvCopy = (paths: InstallPaths, id: string) =>
  `${bundleDir(paths, id)}/resolv.conf`;
/** Its modification time is when the container's health was last checked. */
export const lastHealthCheckFile = (paths: InstallPaths, id: string) =>
  `${bundleDir(paths, id)}/asked`;
/** Identity of the started process, as JSON. */
export const startedFile = (paths: InstallPaths, id: string) =>
  `${bundleDir(paths, id)}/started.json`;
export const rootfsDir = (paths: InstallPaths, id: string) => `${bundleDir(paths, id)}/rootfs`;

/** A tmpfs with the secrets and configs of all containers, one folder each. */
export const memoryFilesDir = (paths: InstallPaths) => join(paths.run, 'secrets');
export const memoryFolder = (paths: InstallPaths, id: string) => join(memoryFilesDir(paths), id);
/** Bind-mounted at `target` in the container. */
export const memoryFile = (paths: InstallPaths, id: string, target: string) =>
  join(memoryFolder(paths, id), digest(target, 16));

export const netnsName = (paths: InstallPaths, id: string) => `baleine-${paths.tag}-${id}`;
export const netnsPath = (paths: InstallPaths, id: string) => `/run/netns/${netnsName(paths, id)}`;

/** Below every cgroup hierarchy's root. */
export const cgroupPath = (paths: InstallPaths, id: string) => `/baleine/${paths.tag}/${id}`;

/**
 * Interface names have at most 15 bytes (IFNAMSIZ - 1), so they are hashes; the alias is readable.
 */
export const bridgeLink = (paths: InstallPaths, stack: string, name: string) =>
  `bb-${digest([paths.tag, 'bridge', stack, name], 10)}`;
export const vethLink = (paths: InstallPaths, id: string, bridge: string) =>
  `bv-${digest([paths.tag, 'veth', id, bridge], 10)}`;

/** The prefix of the aliases of all links that we own. */
export const aliasPrefix = (paths: InstallPaths) => `baleine:${paths.tag}:`;

/** The alias that marks a link as ours, `baleine:3f9a01:shop/bridge.front` (at most 255 bytes). */
export const linkAlias = (paths: InstallPaths, stack: string, address: string) =>
  `${aliasPrefix(paths)}${stack}/${address}`;

/** The inverse of `linkAlias`: splits `shop/container.web-1/back`. */
export function parseAlias(paths: InstallPaths, alias = ''): { stack: string; words: string[] } {
  const [stack = '', ...words] = alias.slice(aliasPrefix(paths).length).split('/');
  return { stack, words };
}
