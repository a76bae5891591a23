import { hooksOf, hooksSchema, type RawHook } from './hooks.js';
import { plainKey } from './key.js';

export const pre_stop = plainKey({
  schema: hooksSchema(
    'Commands that run inside the container before it gets its stop signal: when it is stopped, restarted, replaced or destroyed, and not when it ends by itself. Their time is part of `stop_grace_period`, of which the container keeps the last 2 seconds. A failure is a warning, and the container is stopped.',
  ),
  read: (raw: RawHook[] | undefined, path, reading) => hooksOf(raw, path, reading),
  change: 'record',
  release: true,
});
