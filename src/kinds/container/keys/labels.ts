import type { Scalar } from '../../../config/values.js';
import { pairsOf } from '../../../config/values.js';
import { LABELS } from '../../key.js';
import { resolvedKey, spec } from './key.js';

export const labels = resolvedKey({
  schema: LABELS,
  read: (raw: Record<string, Scalar> | string[] | undefined, path, reading) =>
    pairsOf(raw, path, reading),
  as: 'labels',
  spec: spec<Record<string, string>>(),
  change: 'record',
  release: true,
  flag: { flags: '-l, --label <K=V>', help: 'repeatable', repeatable: true },
});
