import type { Scalar } from '../../../config/values.js';
import { pairsOf } from '../../../config/values.js';
import { plainKey } from './key.js';

export const sysctls = plainKey({
  schema: {
    description:
      'Kernel settings of its network and IPC namespaces: a mapping, or a list of NAME=VALUE.',
    anyOf: [
      {
        type: 'object',
        propertyNames: { $ref: '#/definitions/sysctl' },
        additionalProperties: { $ref: '#/definitions/scalar' },
      },
      { type: 'array', items: { $ref: '#/definitions/sysctl_pair' } },
    ],
  },
  read: (raw: Record<string, Scalar> | string[] | undefined, path, reading) =>
    pairsOf(raw, path, reading),
  change: 'replace',
  release: true,
  flag: {
    flags: '--sysctl <name=value>',
    help: 'a kernel setting of its own; repeatable',
    repeatable: true,
  },
});
