import { join } from 'node:path';
import { IMPERATIVE_STACK, NAME } from './address.js';
import { digest } from './json.js';

/**
 * Where one installation of baleine keeps things and what it calls them. All names that reach the
 * kernel are made here. `tag` sets apart installations with different roots on one host.
 */
export interface InstallPaths {
  /** State, images, disks, volumes: survives a reboot. Default /var/lib/baleine. */
  root: string;
  /** Bundles, mount points, runtime state: gone after a reboot. */
  run: string;
  tag: string;
}

export function installPaths(root: string): InstallPaths {
  const tag = digest(root, 6);
  return { root, run: `/run/baleine/${tag}`, tag };
}

/**
 * `.` cannot occur in a name, so two pairs never share an id. `_` begins no name and stands for the
 * stack `-`, which programs would take for an option.
 */
export function idOf(stack: string, name: string): string {
  return `${stack === IMPERATIVE_STACK ? '_' : stack}.${name}`;
}

/** The way back of `idOf`; undefined for what it never made. */
export function parseId(id: string): { stack: string; name: string } | undefined {
  const dot = id.indexOf('.');
  const [owner, name] = [id.slice(0, dot), id.slice(dot + 1)];
  const stack = owner === '_' ? IMPERATIVE_STACK : owner;
  return (stack === IMPERATIVE_STACK || NAME.test(stack)) && NAME.test(name)
    ? { stack, name }
    : undefined;
}

/** Of a file as `imageFile`, `previousFile` and `diskFile` name them, or of an unfinished one beside it. */
export function idOfFile(file: string): string | undefined {
  const previous = /^([^.]+\.[^.]+)\.previous\.img$/.exec(file)?.[1];
  if (previous !== undefined) return previous;
  return /^(?:(.+)\.img|\.(.+)\.img\.part(?:\.tree)?)$/.exec(file)?.slice(1).find(Boolean);
}

/** Locked by the one run that may write. */
export const lockFile = ({ root }: InstallPaths) => join(root, '.lock');
export const imageFile = (site: InstallPaths, id: string) => join(site.root, 'images', `${id}.img`);
/** What bore the image's name before it was built anew. An id has one dot, so this is no other image. */
export const previousFile = (site: InstallPaths, id: string) =>
  join(site.root, 'images', `${id}.previous.img`);
export const diskFile = (site: InstallPaths, id: string) => `${site.root}/disks/${id}.img`;
export const logFile = (site: InstallPaths, id: string) => join(site.root, 'logs', `${id}.log`);
/** Dockerfiles' images wait there from their plan until they are applied; all of them for no tag. */
export const builtImagesDir = (tag: string) => join('/var/cache/baleine', tag);
/** Leads to the root where that has a path that not every program can be given. */
export const rootLink = (site: InstallPaths) => join(site.run, 'root');
export const volumeDir = (site: InstallPaths, stack: string, name: string) =>
  join(site.root, 'volumes', stack, name);
export const configDir = (site: InstallPaths, stack: string, name: string) =>
  join(site.root, 'configs', stack, name);
export const hostsFile = (site: InstallPaths, stack: string, name: string) =>
  join(site.root, 'hosts', idOf(stack, name));

/** Notes where files are being staged in folders that the user has named, for the next run if this one is killed. */
export const stagingNotesDir = (site: InstallPaths) => join(site.run, 'staging');

/** Of what is remembered of a file, by its path: to be read, unless that is too long for a name. */
export function fileNameOf(path: string): string {
  const name = encodeURIComponent(path);
  return name.length > LONGEST ? digest(path) : name;
}

/** Characters; a file's name has at most 255, and there are endings. */
const LONGEST = 240;

/** What was read of the tables. */
export const stateCacheFile = (site: InstallPaths) => join(site.run, 'records', 'tables.json');

/** What was understood of each file. */
export const configCache = (site: InstallPaths) => join(site.run, 'config');

/** The OCI bundle: config.json, hosts, resolv.conf and the mount point `rootfs`. */
export const bundleDir = (site: InstallPaths, id: string) => `${site.run}/containers/${id}`;
/** Bound over the container's /etc/hosts. */
export const hostsCopy = (site: InstallPaths, id: string) => `${bundleDir(site, id)}/hosts`;
/** Its time says when the container's health was last asked for. */
export const lastHealthCheckFile = (site: InstallPaths, id: string) =>
  `${bundleDir(site, id)}/asked`;
export const rootfsDir = (site: InstallPaths, id: string) => `${bundleDir(site, id)}/rootfs`;

export const netnsName = (site: InstallPaths, id: string) => `baleine-${site.tag}-${id}`;
export const netnsPath = (site: InstallPaths, id: string) => `/run/netns/${netnsName(site, id)}`;

/** Below every cgroup hierarchy's root. */
export const cgroupPath = (site: InstallPaths, id: string) => `/baleine/${site.tag}/${id}`;

/** Interface names have at most 15 bytes (IFNAMSIZ - 1), so they are hashes; the alias explains. */
export const bridgeLink = (site: InstallPaths, stack: string, name: string) =>
  `bb-${digest([site.tag, 'bridge', stack, name], 10)}`;
export const vethLink = (site: InstallPaths, id: string, bridge: string) =>
  `bv-${digest([site.tag, 'veth', id, bridge], 10)}`;

/** What the aliases of all our links begin with. */
export const aliasPrefix = (site: InstallPaths) => `baleine:${site.tag}:`;

/** The alias that marks a link as ours, `baleine:3f9a01:shop/bridge.front` (at most 255 bytes). */
export const linkAlias = (site: InstallPaths, stack: string, address: string) =>
  `${aliasPrefix(site)}${stack}/${address}`;

/** The way back: `shop/container.web-1/back` without its prefix. */
export function parseAlias(site: InstallPaths, alias = ''): { stack: string; words: string[] } {
  const [stack = '', ...words] = alias.slice(aliasPrefix(site).length).split('/');
  return { stack, words };
}
