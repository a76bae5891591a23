import { join } from 'node:path';
import { IMPERATIVE_STACK, NAME } from './address.js';
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
 * Names contain no `.`, so two pairs never share an id. A leading `_`, which no name has, stands
 * for the stack `-`, because programs would take that for an option.
 */
export function idOf(stack: string, name: string): string {
  return `${stack === IMPERATIVE_STACK ? '_' : stack}.${name}`;
}

/** The inverse of `idOf`; undefined if the id is malformed. */
export function parseId(id: string): { stack: string; name: string } | undefined {
  const dot = id.indexOf('.');
  const [owner, name] = [id.slice(0, dot), id.slice(dot + 1)];
  const stack = owner === '_' ? IMPERATIVE_STACK : owner;
  return (stack === IMPERATIVE_STACK || NAME.test(stack)) && NAME.test(name)
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
export const lockFile = ({ root }: InstallPaths) => join(root, '.lock');
export const imageFile = (site: InstallPaths, id: string) => join(site.root, 'images', `${id}.img`);
/**
 * The image's version before its last build. An id has only one dot, so this name cannot be another
 * image's.
 */
export const previousFile = (site: InstallPaths, id: string) =>
  join(site.root, 'images', `${id}.previous.img`);
export const diskFile = (site: InstallPaths, id: string) => `${site.root}/disks/${id}.img`;
export const logFile = (site: InstallPaths, id: string) => join(site.root, 'logs', `${id}.log`);
/**
 * Holds images built from Dockerfiles between plan and apply; for an empty tag, those of all
 * installations.
 */
export const builtImagesDir = (tag: string) => join('/var/cache/baleine', tag);
/** A symlink to the root, for programs that cannot handle its path. */
export const rootLink = (site: InstallPaths) => join(site.run, 'root');
export const volumeDir = (site: InstallPaths, stack: string, name: string) =>
  join(site.root, 'volumes', stack, name);
export const configDir = (site: InstallPaths, stack: string, name: string) =>
  join(site.root, 'configs', stack, name);
export const hostsFile = (site: InstallPaths, stack: string, name: string) =>
  join(site.root, 'hosts', idOf(stack, name));

/**
 * Lists folders named by the user in which files are being staged, so that the next run can clean
 * up if this one is killed.
 */
export const stagingNotesDir = (site: InstallPaths) => join(site.run, 'staging');

/** The name of a cache entry for a path: readable, or a digest if that is too long. */
export function fileNameOf(path: string): string {
  const name = encodeURIComponent(path);
  return name.length > LONGEST ? digest(path) : name;
}

/** In characters. A file name has at most 255 bytes, and a suffix is added. */
const LONGEST = 240;

/** The parsed state tables. */
export const stateCacheFile = (site: InstallPaths) => join(site.run, 'records', 'tables.json');

/** The parsed configuration files. */
export const configCache = (site: InstallPaths) => join(site.run, 'config');

/** The OCI bundle: config.json, hosts, resolv.conf and the mount point `rootfs`. */
export const bundleDir = (site: InstallPaths, id: string) => `${site.run}/containers/${id}`;
/** Bind-mounted over the container's /etc/hosts. */
export const hostsCopy = (site: InstallPaths, id: string) => `${bundleDir(site, id)}/hosts`;
/** Its modification time is when the container's health was last checked. */
export const lastHealthCheckFile = (site: InstallPaths, id: string) =>
  `${bundleDir(site, id)}/asked`;
export const rootfsDir = (site: InstallPaths, id: string) => `${bundleDir(site, id)}/rootfs`;

export const netnsName = (site: InstallPaths, id: string) => `baleine-${site.tag}-${id}`;
export const netnsPath = (site: InstallPaths, id: string) => `/run/netns/${netnsName(site, id)}`;

/** Below every cgroup hierarchy's root. */
export const cgroupPath = (site: InstallPaths, id: string) => `/baleine/${site.tag}/${id}`;

/**
 * Interface names have at most 15 bytes (IFNAMSIZ - 1), so they are hashes; the alias is readable.
 */
export const bridgeLink = (site: InstallPaths, stack: string, name: string) =>
  `bb-${digest([site.tag, 'bridge', stack, name], 10)}`;
export const vethLink = (site: InstallPaths, id: string, bridge: string) =>
  `bv-${digest([site.tag, 'veth', id, bridge], 10)}`;

/** The prefix of the aliases of all links that we own. */
export const aliasPrefix = (site: InstallPaths) => `baleine:${site.tag}:`;

/** The alias that marks a link as ours, `baleine:3f9a01:shop/bridge.front` (at most 255 bytes). */
export const linkAlias = (site: InstallPaths, stack: string, address: string) =>
  `${aliasPrefix(site)}${stack}/${address}`;

/** The inverse of `linkAlias`: splits `shop/container.web-1/back`. */
export function parseAlias(site: InstallPaths, alias = ''): { stack: string; words: string[] } {
  const [stack = '', ...words] = alias.slice(aliasPrefix(site).length).split('/');
  return { stack, words };
}
