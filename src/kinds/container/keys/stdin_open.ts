import { plainKey } from './key.js';

export const stdin_open = plainKey({
  schema: {
    description:
      'Keep its standard input open, for programs that end with it. Nothing writes to it; without this key it is empty.',
    type: 'boolean',
    default: false,
  },
  read: (raw: boolean | undefined) => (raw ? true : undefined),
  change: 'replace',
  release: true,
  flag: { flags: '-i, --stdin-open', help: 'keep its standard input open', kept: true },
});
