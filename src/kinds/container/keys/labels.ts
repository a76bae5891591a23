import type { Scalar } from '../../../config/values.js';
import { pairsOf } from '../../../config/values.js';
import { resolvedKey, spec } from './key.js';

export const labels = resolvedKey({
  schema: {
    description: 'Labels: a mapping, or a list of KEY=VALUE.',
    anyOf: [
      {
        type: 'object',
        propertyNames: { $ref: '#/definitions/label' },
        additionalProperties: { $ref: '#/definitions/scalar' },
      },
      { type: 'array', items: { $ref: '#/definitions/pair' } },
    ],
  },
  read: (raw: Record<string, Scalar> | string[] | undefined, path, reading) =>
    pairsOf(raw, path, reading),
  as: 'labels',
  spec: spec<Record<string, string>>(),
  change: 'record',
  release: true,
  flag: { flags: '-l, --label <K=V>', help: 'repeatable', repeatable: true },
});
