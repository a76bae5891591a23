import { unrecordedKey } from './key.js';

export const protect = unrecordedKey({
  schema: {
    description: 'Refuse to destroy or replace this resource.',
    type: 'boolean',
    default: false,
  },
  read: (raw: boolean | undefined) => raw ?? false,
});
