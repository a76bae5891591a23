import { plainKey } from './key.js';

export const runtime = plainKey({
  schema: {
    description: 'The OCI runtime. Default: the first that works of crun, runc.',
    type: 'string',
    pattern: '^(/[A-Za-z0-9._/-]*)?[A-Za-z0-9][A-Za-z0-9._-]*$',
    errorMessage: 'must be a runtime such as crun, or its absolute path',
  },
  read: (raw: string | undefined) => raw,
  change: 'replace',
  release: true,
  flag: {
    flags: '--runtime <name>',
    help: 'the OCI runtime; default: the first that works of crun, runc',
  },
});
