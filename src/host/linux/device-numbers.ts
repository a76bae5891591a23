import { statSync } from 'node:fs';
import { UserError } from '../../model/errors.js';
import { OWN_DISK } from '../../model/limits.js';
import { ifThere } from './files/read.js';

/**
 * Major and minor number (`7:0`) of a block device, or of the device that holds a folder's file
 * system. Undefined if the path does not exist or is neither.
 */
export function deviceNumber(path: string): string | undefined {
  const found = ifThere(() => statSync(path, { bigint: true }));
  if (found?.isBlockDevice()) return formatDevice(found.rdev);
  return found?.isDirectory() ? formatDevice(found.dev) : undefined;
}

/**
 * Same for `limits.io`, where `disk` means the device mounted at `disk`.
 *
 * @throws UserError if the device does not exist
 */
export function requireDeviceNumber(device: string, disk: string): string {
  const number = deviceNumber(device === OWN_DISK ? disk : device);
  if (number !== undefined) return number;
  throw new UserError(`cannot limit I/O of ${device}: there is no such block device`);
}

/** makedev(3), in glibc's packing. */
export function formatDevice(dev: bigint): string {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
  return `${major}:${minor & 0xffffffffn}`;
}
