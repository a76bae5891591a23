import { posix } from 'node:path';
import type { ContainerEntry } from '../../model/config.js';
import type { Path } from '../document.js';
import type { Problems } from '../problem.js';
import { checkLimits } from './limits.js';
import type { Service, ValidationContext } from './validation-context.js';

/** ext4 needs at least this size. */
const MIN_IMAGE = 1024 ** 2;
const MIN_LOG = 4096;

/** Checks within one entry, independent of the others. */
export function checkContainers(subject: ValidationContext): void {
  const { services, images, problems } = subject;
  for (const service of services) {
    checkLimits(service, subject);
    checkSizes(service, problems);
    checkMounts(service, problems);
    checkTmpfs(service, problems);
    checkUser(service, subject);
    checkOwners(service, problems);
  }
  for (const [name, image] of Object.entries(images)) {
    if (image.external || image.size === undefined || image.size >= MIN_IMAGE) continue;
    problems.atValue(['images', name, 'size'], 'an image has at least 1M');
  }
}

function checkSizes({ path, entry }: Service, problems: Problems): void {
  if (entry.logs.max_size < MIN_LOG) {
    problems.atValue([...path, 'logs', 'max_size'], 'a log must have at least 4K');
  }
}

/** Every mount has its own target, and none hides what the runtime mounts. */
function checkMounts({ path, entry }: Service, problems: Problems): void {
  const seen = new Set<string>();
  for (const { target, at } of targetsOf(entry, path)) {
    if (!target.startsWith('/') || target.split('/').includes('..')) {
      const shown = JSON.stringify(target);
      problems.atValue(at, `the mount target ${shown} is not an absolute path without ".."`);
      continue;
    }
    const place = posix.join(target, '.').replace(/(.)\/$/, '$1');
    if (place === '/' || /^\/(proc|sys|dev)(\/|$)/.test(place)) {
      const hint = place.startsWith('/dev/')
        ? '`devices` gives a container device files'
        : undefined;
      problems.atValue(at, `nothing can be mounted on ${place}`, hint);
    } else if (seen.has(place)) problems.atValue(at, `two mounts on ${place}`);
    seen.add(place);
  }
}

function targetsOf(
  { volumes, tmpfs, secrets = [], configs = [] }: ContainerEntry,
  path: Path,
): { target: string; at: Path }[] {
  return [
    ...volumes.map(({ target, at }, i) => ({ target, at: [...path, 'volumes', at ?? i] })),
    ...tmpfs.map((each, i) => ({ target: each.split(':')[0] ?? '', at: [...path, 'tmpfs', i] })),
    ...secrets.map(({ target }, i) => ({ target, at: [...path, 'secrets', i] })),
    ...configs.map(({ target }, i) => ({ target, at: [...path, 'configs', i] })),
  ];
}

/** Options of tmpfs(5), and those of mount(8) that apply to it. */
const TMPFS_OPTION =
  /^((size|nr_blocks)=\d+[kmgKMG]?|size=\d{1,3}%|nr_inodes=\d+[kmgKMG]?|mode=[0-7]{3,4}|[ug]id=\d{1,10}|huge=(never|always|within_size|advise)|(no)?(exec|suid|dev|atime|diratime|relatime)|strictatime|r[ow]|sync|async|dirsync|inode(32|64)|noswap)$/;

/** Rejects options that the kernel would reject at mount time. */
function checkTmpfs({ path, entry }: Service, problems: Problems): void {
  for (const [index, each] of entry.tmpfs.entries()) {
    const [, options = '', ...rest] = each.split(':');
    const wrong = rest[0] ?? options.split(',').find((word) => word && !TMPFS_OPTION.test(word));
    if (wrong === undefined) continue;
    problems.atValue(
      [...path, 'tmpfs', index],
      `unknown tmpfs option ${JSON.stringify(wrong)}`,
      'options stand behind the path: /run:size=64m,mode=1777',
    );
  }
}

/** In its own user namespace, a container has the ids 0 to 65535 only. */
function checkOwners({ path, entry }: Service, problems: Problems): void {
  if (entry.userns !== 'auto') return;
  for (const section of ['secrets', 'configs'] as const) {
    for (const [index, { uid = 0, gid = 0 }] of (entry[section] ?? []).entries()) {
      const id = Math.max(uid, gid);
      if (id < 65_536) continue;
      problems.atValue(
        [...path, section, index],
        `with userns: auto there is no id ${id}, only 0 to 65535`,
      );
    }
  }
}

function checkUser({ path, entry }: Service, { images, problems }: ValidationContext): void {
  if (entry.security !== 'restricted') return;
  const user = entry.user ?? userOf(images, entry.image);
  if (user !== undefined && !/^(0*|root)(:|$)/.test(user)) return;
  const found = user === undefined ? 'there is none' : `not ${JSON.stringify(user)}`;
  problems.atValue(
    [...path, 'security'],
    `security: restricted requires a user other than root; ${found}`,
    'add user: "1000:1000", or another that the image knows',
  );
}

/** The user of an image or of its base image. */
function userOf(images: ValidationContext['images'], name: string): string | undefined {
  const seen = new Set<string>();
  for (let at = name; !seen.has(at); ) {
    const image = Object.hasOwn(images, at) ? images[at] : undefined;
    if (!image || image.external) return undefined;
    if (image.config.user !== undefined || !('image' in image.from)) return image.config.user;
    seen.add(at);
    at = image.from.image;
  }
  return undefined;
}
