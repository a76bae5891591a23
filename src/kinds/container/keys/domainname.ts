import { plainKey } from './key.js';

export const domainname = plainKey({
  schema: {
    description:
      'Its domain: HOSTNAME.DOMAINNAME is its full name, also for others on its bridges, and names are searched in it unless `dns_search` says where. With `userns: auto`, uname(2) does not have it.',
    type: 'string',
    pattern:
      '^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*$',
    maxLength: 64,
    errorMessage: 'must be a domain of letters, digits, "-", "_" and ".", at most 64 characters',
  },
  read: (raw: string | undefined) => raw,
  change: 'replace',
  // as its host name
  release: false,
  flag: { flags: '--domainname <name>', help: 'the domain behind its host name' },
});
