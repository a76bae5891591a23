import { unrecordedKey } from './key.js';

export const replicas = unrecordedKey({
  schema: {
    description: 'Number of instances. With more than 1, they are named NAME-1, NAME-2 and so on.',
    type: 'integer',
    minimum: 0,
    maximum: 1000,
    default: 1,
    errorMessage: 'must be a whole number from 0 to 1000',
  },
  /** Undefined for one: then the container bears the entry's bare name, whether `replicas: 1` is written or not. */
  read: (raw: number | undefined) => (raw === 1 ? undefined : raw),
});
