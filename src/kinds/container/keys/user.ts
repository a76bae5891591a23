import { userOf } from '../../../config/values.js';
import { resolvedKey, spec } from './key.js';

export const user = resolvedKey({
  schema: {
    description:
      "The user of its first process: `user`, `uid`, `user:group` or `uid:gid`. Default: the image's, else root.",
    $ref: '#/definitions/user',
  },
  read: (raw: string | number | undefined, path, reading) => userOf(raw, path, reading),
  as: 'user',
  /** `name`, `uid`, `name:group`, `uid:gid`; looked up in the container's own /etc/passwd. */
  spec: spec<string>(),
  change: 'replace',
  release: true,
  flag: { flags: '-u, --user <user>', help: 'name, uid, name:group or uid:gid' },
});
