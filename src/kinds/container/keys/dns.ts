import { plainKey } from './key.js';

export const dns = plainKey({
  schema: {
    description: 'Name servers.',
    type: 'array',
    items: { $ref: '#/definitions/ipv4' },
    default: [],
    maxItems: 3,
    errorMessage: 'must list at most 3 name servers, as resolv.conf(5) does',
  },
  read: (raw: string[] | undefined) => raw ?? [],
  change: 'replace',
  release: true,
});
