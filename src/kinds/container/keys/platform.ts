import { plainKey } from './key.js';

export const platform = plainKey({
  schema: {
    description:
      'The platform that it must run on, such as `linux/amd64`: a plan for another host is refused. Without further effect.',
    type: 'string',
    pattern: '^[a-z0-9_]+(/[A-Za-z0-9_-]+){0,2}$',
    errorMessage: 'must be such as linux/amd64 or linux/arm64/v8',
  },
  read: (raw: string | undefined) => raw,
  change: 'record',
  release: false,
  flag: { flags: '--platform <os/arch>', help: 'refuse to run on another, as linux/amd64' },
});
