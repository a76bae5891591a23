import { plainKey } from './key.js';
import { signalOf } from './stop_signal.js';

export const on_change = plainKey({
  schema: {
    description:
      'What a changed secret or config does to it: `restart`, or a signal by which its program reads the changed files again, such as SIGHUP. New or moved files take a restart in any case.',
    type: ['string', 'integer'],
    default: 'restart',
  },
  /** Undefined: a restart. */
  read: (raw: string | number | undefined, path, reading) =>
    raw === 'restart' ? undefined : signalOf(raw, path, reading),
  change: 'record',
  release: false,
});
