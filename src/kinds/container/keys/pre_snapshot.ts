import { hooksOf, hooksSchema, type RawHook } from './hooks.js';
import { plainKey } from './key.js';

export const pre_snapshot = plainKey({
  schema: hooksSchema(
    'Commands that run inside the container before a snapshot of its disk or of a volume that it mounts, within 5 minutes in all, such as a CHECKPOINT of a database. If one fails, there is no snapshot.',
  ),
  read: (raw: RawHook[] | undefined, path, reading) => hooksOf(raw, path, reading),
  change: 'record',
  release: true,
});
