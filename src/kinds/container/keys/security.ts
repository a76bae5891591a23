import { plainKey } from './key.js';

export const security = plainKey({
  schema: {
    description:
      '`restricted` drops all capabilities but NET_BIND_SERVICE and requires a user other than root; `unconfined` removes all restrictions.',
    type: 'string',
    enum: ['default', 'restricted', 'unconfined'],
    default: 'default',
  },
  read: (raw: 'default' | 'restricted' | 'unconfined' | undefined) => raw ?? 'default',
  change: 'replace',
  release: true,
  flag: { flags: '--security <set>', help: 'default, restricted or unconfined' },
});
