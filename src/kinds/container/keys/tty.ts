import { plainKey } from './key.js';

export const tty = plainKey({
  schema: {
    description:
      'Give its first process a terminal, for programs that write only to one. What it writes there is its log; nothing attaches to it.',
    type: 'boolean',
    default: false,
  },
  read: (raw: boolean | undefined) => (raw ? true : undefined),
  change: 'replace',
  release: true,
  flag: { flags: '-t, --tty', help: 'give it a terminal', kept: true },
});
