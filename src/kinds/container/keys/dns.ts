import { plainKey } from './key.js';

export const dns = plainKey({
  schema: {
    description: 'Name servers: an address, or a list of up to three.',
    anyOf: [
      {
        type: 'array',
        items: { $ref: '#/definitions/ipv4' },
        maxItems: 3,
        errorMessage: 'must list at most 3 name servers, as resolv.conf(5) does',
      },
      { $ref: '#/definitions/ipv4' },
    ],
    default: [],
  },
  read: (raw: string | string[] | undefined) => [raw ?? []].flat(),
  change: 'replace',
  release: true,
  flag: { flags: '--dns <address>', help: 'a name server; repeatable', repeatable: true },
});
