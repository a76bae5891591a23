import { statSync } from 'node:fs';
import { UserError } from '../../model/errors.js';
import { OWN_DISK } from '../../model/limits.js';
import { ifThere } from './files/read.js';

/**
 * Major and minor number, `7:0`, of a block device, or of the device that a folder's file system is
 * on; undefined when it is not there or neither.
 */
export function deviceNumber(path: string): string | undefined {
  const found = ifThere(() => statSync(path, { bigint: true }));
  if (found?.isBlockDevice()) return text(found.rdev);
  return found?.isDirectory() ? text(found.dev) : undefined;
}

/**
 * The same for `limits.io`, where `disk` is what is mounted at the given path.
 *
 * @throws UserError when it is not there
 */
export function numberOf(device: string, disk: string): string {
  const number = deviceNumber(device === OWN_DISK ? disk : device);
  if (number !== undefined) return number;
  throw new UserError(`cannot limit I/O of ${device}: there is no such block device`);
}

/** makedev(3), as the C library packs them. */
function text(dev: bigint): string {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
  return `${major}:${minor & 0xffffffffn}`;
}
