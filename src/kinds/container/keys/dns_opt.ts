import { listOf } from './dns_search.js';
import { plainKey } from './key.js';

export const dns_opt = plainKey({
  schema: {
    description: 'Options of the resolver, as in resolv.conf(5): `ndots:2`, `timeout:1`.',
    type: 'array',
    items: {
      type: 'string',
      pattern: '^[a-z][a-z0-9-]*(:[0-9]+)?$',
      errorMessage: 'must be an option of resolv.conf(5), such as ndots:2',
    },
  },
  read: (raw: string[] | undefined) => listOf(raw),
  change: 'replace',
  release: true,
  flag: {
    flags: '--dns-option <option>',
    help: 'of the resolver, such as ndots:2; repeatable',
    repeatable: true,
  },
});
