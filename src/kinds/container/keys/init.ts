import { plainKey } from './key.js';

export const init = plainKey({
  schema: {
    description:
      'Run its command as a child of a small init (tini or catatonit of the host), which passes signals on and reaps processes that lost their parent. For programs that do neither as process 1.',
    type: 'boolean',
    default: false,
  },
  read: (raw: boolean | undefined) => (raw ? true : undefined),
  change: 'replace',
  release: true,
  flag: { flags: '--init', help: 'run its command as a child of a small init' },
});
