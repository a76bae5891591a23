import { readFileSync } from 'node:fs';
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
      const text = readFileSync(file, 'utf8');
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
