import { plainKey } from './key.js';

export const read_only = plainKey({
  schema: {
    description: 'Mount the disk read-only, with /run and /tmp in memory.',
    type: 'boolean',
    default: false,
  },
  read: (raw: boolean | undefined) => raw ?? false,
  change: 'replace',
  release: true,
  oci: (readonly) => ({ root: { readonly } }),
  flag: { flags: '--read-only', help: 'refuse writing to its disk' },
});
