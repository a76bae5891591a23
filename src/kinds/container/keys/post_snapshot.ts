import { hooksOf, hooksSchema, type RawHook } from './hooks.js';
import { plainKey } from './key.js';

export const post_snapshot = plainKey({
  schema: hooksSchema(
    'Commands that run inside the container after a snapshot of a volume that it mounts, also after one that failed, within 5 minutes in all.',
  ),
  read: (raw: RawHook[] | undefined, path, reading) => hooksOf(raw, path, reading),
  change: 'record',
  release: true,
});
