import { durationOf } from '../../../config/values.js';
import { plainKey } from './key.js';

export const stop_grace_period = plainKey({
  schema: {
    description: 'Time between the stop signal and SIGKILL, at most 24h. Default: 10s.',
    $ref: '#/definitions/duration',
  },
  /** Milliseconds between the stop signal and SIGKILL. */
  read: (raw: string | undefined, path, reading) => durationOf(raw ?? '10s', path, reading),
  change: 'record',
  release: true,
});
