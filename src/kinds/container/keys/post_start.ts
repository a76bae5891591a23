import { hooksOf, hooksSchema, type RawHook } from './hooks.js';
import { plainKey } from './key.js';

/** Replaces the container, because the commands may have changed what is inside. */
export const post_start = plainKey({
  schema: hooksSchema(
    'Commands that run inside the container after each start, one after the other, within 5 minutes in all; what depends on the container waits for them. If one fails, the container is stopped and has not started. Processes that a command leaves behind are killed.',
  ),
  read: (raw: RawHook[] | undefined, path, reading) => hooksOf(raw, path, reading),
  change: 'replace',
  release: true,
});
