import { pairsOf, type Scalar } from '../../../config/values.js';
import { plainKey } from './key.js';

export const annotations = plainKey({
  schema: {
    description:
      'Annotations of its OCI configuration, for programs that ask the runtime about it: a mapping, or a list of KEY=VALUE. Not run.oci.*, by which runtimes open files of the host.',
    anyOf: [
      {
        type: 'object',
        propertyNames: {
          type: 'string',
          pattern: '^(?!run\\.oci\\.)[^\\s=\\x00-\\x1f]{1,255}$',
          errorMessage: 'must be a name without blanks and "=", and not run.oci.*',
        },
        additionalProperties: { $ref: '#/definitions/scalar' },
      },
      {
        type: 'array',
        items: {
          type: 'string',
          pattern: '^(?!run\\.oci\\.)[^\\s=\\x00-\\x1f]{1,255}=',
          errorMessage: 'must be KEY=VALUE, and not run.oci.*',
        },
      },
    ],
  },
  read: (raw: Record<string, Scalar> | string[] | undefined, path, reading) =>
    raw && pairsOf(raw, path, reading),
  change: 'replace',
  release: true,
  oci: (annotations) => ({ annotations }),
  flag: { flags: '--annotation <K=V>', help: 'repeatable', repeatable: true },
});
