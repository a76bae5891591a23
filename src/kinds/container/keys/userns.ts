import type { IdRange } from '../../../model/container-values.js';
import { resolvedKey, spec } from './key.js';

export const userns = resolvedKey({
  schema: {
    description:
      '`auto`: a user namespace with its own range of ids, so that its root has no rights on the host. Owners on its disk and in its volumes are unchanged.',
    type: 'string',
    enum: ['auto', 'host'],
    default: 'host',
  },
  /** Undefined: ids inside are those of the host. */
  read: (raw: 'auto' | 'host' | undefined) => (raw === 'auto' ? raw : undefined),
  as: 'userns',
  /** Absent when it has the host's. */
  spec: spec<IdRange | undefined>(),
  /** As in the file: which ids it has is our choice. */
  shown: (range) => (range ? 'auto' : 'host'),
  change: 'replace',
  release: false,
  flag: { flags: '--userns <mode>', help: 'auto: ids of its own, its root is nobody outside' },
});
