import type { Scalar } from '../../../config/values.js';
import { pairsOf } from '../../../config/values.js';
import { plainKey } from './key.js';

export const sysctls = plainKey({
  schema: {
    description: 'Kernel settings of its network and IPC namespaces.',
    type: 'object',
    propertyNames: { $ref: '#/definitions/sysctl' },
    additionalProperties: { $ref: '#/definitions/scalar' },
  },
  read: (raw: Record<string, Scalar> | string[] | undefined, path, reading) =>
    pairsOf(raw, path, reading),
  change: 'replace',
  release: true,
});
