import { resolve } from 'node:path';
import { resolvedKey, spec } from './key.js';

export const seccomp = resolvedKey({
  schema: {
    description:
      "A file with a seccomp profile (JSON, in Docker's format) that replaces the default one; `unconfined` for no filter.",
    $ref: '#/definitions/path',
  },
  read: (raw: string | undefined, path, { directoryOf }) =>
    raw === undefined || raw === 'unconfined' ? raw : resolve(directoryOf(path), raw),
  as: 'seccomp',
  /** What filters its system calls, if not what `security` has; `digest` is of the file's content. */
  spec: spec<'unconfined' | { file: string; digest: string } | undefined>(),
  change: 'custom',
  release: true,
  flag: { flags: '--seccomp <file>', help: 'a profile as engines write it; unconfined: none' },
});
