import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import type { Config } from '../model/config.js';
import { entriesOf } from '../model/config.js';
import { messageOf, UserError } from '../model/errors.js';
import { digest } from '../model/json.js';
import { parseProfile } from '../model/seccomp.js';

/**
 * Digests of the seccomp profiles that a file names, by path: a container is bound to the content
 * that it was planned with.
 *
 * @throws UserError with every unreadable or invalid profile and its position
 */
export function readProfiles(config: Config): Record<string, string> {
  const found: Record<string, string> = {};
  const complaints: string[] = [];
  for (const { path, entry } of entriesOf(config)) {
    const file = entry.seccomp;
    if (file === undefined || file === 'unconfined' || Object.hasOwn(found, file)) continue;
    try {
      const text = textOf(file);
      parseProfile(text);
      found[file] = digest(text, 16);
    } catch (error) {
      const where = config.where([...path, 'seccomp']);
      complaints.push(`${where}: cannot use seccomp profile ${file}: ${messageOf(error)}`);
    }
  }
  if (complaints.length > 0) {
    throw new UserError(
      complaints,
      'A profile is JSON in the format of container engines: Docker’s default',
    );
  }
  return found;
}

/** Bytes; Docker's own profile has 15 KB. */
const MAX_SIZE = 1024 * 1024;

/** A device or a FIFO in place of the file neither blocks us nor fills our memory. */
function textOf(file: string): string {
  const descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = fstatSync(descriptor);
    if (!found.isFile()) throw new Error('it is not a regular file');
    if (found.size > MAX_SIZE) throw new Error('it is larger than 1 MiB');
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}
